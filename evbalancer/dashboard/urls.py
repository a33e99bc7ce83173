from django.urls import path
from django.views.i18n import JavaScriptCatalog

from evbalancer.dashboard import fairness, my, timeline, views
from evbalancer.dashboard.account import first, invited, mine, passwords, second_step

urlpatterns = [
    path("", views.home, name="home"),
    path("my", my.my_page, name="my"),
    path("my/offline", my.offline, name="my-offline"),
    path("manifest.webmanifest", my.manifest, name="manifest"),
    path("worker.js", my.service_worker, name="service-worker"),
    path("favicon.ico", my.favicon, name="favicon"),
    path("words.js", JavaScriptCatalog.as_view(packages=["evbalancer"]), name="words"),
    path("language", views.choose_language, name="set_language"),
    path("first", first.first_account, name="first-account"),
    path("login", views.SignIn.as_view(), name="login"),
    path("invitation", invited.accept_invitation, name="accept-invitation"),
    path("invitation/join", invited.join, name="join-invitation"),
    path("invitation/<str:code>", invited.open_link, name="open-invitation"),
    path("password", passwords.Forgotten.as_view(), name="password-forgotten"),
    path("password/sent", passwords.LinkSent.as_view(), name="password-link-sent"),
    path("password/changed", passwords.Changed.as_view(), name="password-changed"),
    path("password/<uidb64>/<token>", passwords.NewPassword.as_view(), name="password-new"),
    path("login/second", second_step.second_step, name="second-step"),
    path("account", mine.account_page, name="account"),
    path("account/password", mine.change_password, name="account-password"),
    path("account/address", mine.change_address, name="account-address"),
    path("account/address/<str:token>", mine.confirm_address, name="account-address-confirm"),
    path("account/factor", mine.set_up_second_factor, name="account-factor"),
    path("account/factor/codes", mine.renew_codes, name="account-codes"),
    path("account/factor/remove", mine.remove_factor, name="account-factor-remove"),
    path("account/passkey", mine.add_passkey, name="account-passkey"),
    path("account/passkey/<int:pk>/remove", mine.remove_passkey, name="account-passkey-remove"),
    path("account/devices/end", mine.end_others, name="account-end-others"),
    path("account/devices/<int:pk>/end", mine.end_sign_in, name="account-end"),
    path("logout", views.SignOut.as_view(), name="logout"),
    path("cluster/<uuid:cluster_id>", views.cluster_page, name="cluster-page"),
    path("cluster/<uuid:cluster_id>/fairness", fairness.fairness_page, name="fairness-page"),
    path("cluster/<uuid:cluster_id>/timeline", timeline.cluster_timeline, name="cluster-timeline"),
    path("circuit/<uuid:circuit_id>/timeline", timeline.timeline_page, name="timeline"),
    path("cluster/<uuid:cluster_id>/cut", views.cut, name="cluster-cut"),
    path("cluster/<uuid:cluster_id>/restore", views.restore, name="cluster-restore"),
]
