"""The browsers' sockets. They check Origin, session and tokens themselves and need no middleware around them."""

from typing import Any

from django.urls import path

from evbalancer.dashboard.live.consumers import ClusterConsumer, DriverConsumer

# Django's types know views only, which an ASGI application is to a URLRouter.
_cluster: Any = ClusterConsumer.as_asgi()
_driver: Any = DriverConsumer.as_asgi()

websocket_urlpatterns = [
    path("ws/cluster/<uuid:cluster_id>", _cluster),
    path("ws/driver", _driver),
]
