from django.urls import reverse

from grid.models import AuditEntry, Cluster
from scheduling.models import SharingPrice

FIGURES = {
    "days": 14, "cars": 90, "energy_urgent": 0.995, "energy_everybody": 0.949, "worst_urgent": 0.98,
    "worst_everybody": 0.29, "wait_urgent_s": 540, "wait_everybody_s": 0,
}  # fmt: skip


def _page(manager):
    cluster = SharingPrice.objects.get().cluster
    return manager.get(reverse("admin:grid_cluster_change", args=[cluster.pk])).content.decode()


def test_page_of_a_cluster_says_what_either_order_costs(manager, world):
    SharingPrice.objects.update(**FIGURES)
    page = _page(manager)
    assert "What cannot wait first (chosen)" in page
    assert "14 days, 90 cars" in page
    assert "99.5 %" in page
    assert "94.9 %" in page
    assert "9 min" in page
    Cluster.objects.update(everybody_first=True)
    assert "Everybody a little first (chosen)" in _page(manager)


def test_page_says_that_nobody_came(manager, world):
    assert "no car came in the last weeks" in _page(manager)


def test_manager_chooses_the_order_and_it_is_audited(manager, world):
    cluster = SharingPrice.objects.get().cluster
    url = reverse("admin:grid_cluster_change", args=[cluster.pk])
    form = manager.get(url).context["adminform"].form
    data = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    data = {name: value for name, value in data.items() if value is not False}
    answer = manager.post(url, {**data, "everybody_first": "on"})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    cluster.refresh_from_db()
    assert cluster.everybody_first
    entry = AuditEntry.objects.order_by("at").last()
    assert (entry.before["everybody_first"], entry.after["everybody_first"]) == (False, True)


def test_figures_are_edited_by_nobody(manager, world):
    url = reverse("admin:scheduling_sharingprice_change", args=[SharingPrice.objects.get().pk])
    assert manager.get(url).status_code == 200
    assert manager.post(url, {"days": 3}).status_code == 403
