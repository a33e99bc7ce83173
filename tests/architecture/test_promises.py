from tests.architecture import promises


def test_promises_page_names_the_tests_that_show_them() -> None:
    page = promises.PAGE.read_text()
    assert page == promises.render(page, promises.shown_by()), "Run: python -m tests.architecture.promises"


def test_promises_of_the_tests_are_on_the_page() -> None:
    known = {
        found[1] for line in promises.PAGE.read_text().splitlines() if (found := promises.PROMISE.match(line))
    }
    assert set(promises.shown_by()) <= known
