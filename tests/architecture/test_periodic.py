from tests.architecture import periodic


def test_page_lists_the_rows_of_the_table() -> None:
    page = periodic.PAGE.read_text()
    assert page == periodic.render(page), "Run: python -m tests.architecture.periodic"
