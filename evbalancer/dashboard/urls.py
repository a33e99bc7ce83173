from django.urls import path

from evbalancer.dashboard import views

urlpatterns = [
    path("", views.home, name="home"),
    path("login", views.SignIn.as_view(), name="login"),
    path("logout", views.SignOut.as_view(), name="logout"),
    path("cluster/<uuid:cluster_id>", views.cluster_page, name="cluster-page"),
    path("cluster/<uuid:cluster_id>/cut", views.cut, name="cluster-cut"),
    path("cluster/<uuid:cluster_id>/restore", views.restore, name="cluster-restore"),
]
