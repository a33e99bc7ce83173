from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from drivers.api.permissions import CommunityQuerySerializer, asked_driver, signed_in
from evbalancer.common.errors import NotFound
from grid.domain.audit import Actor
from scheduling.domain.views import calendar
from scheduling.models import CalendarFeed


class CalendarSerializer(serializers.ModelSerializer[CalendarFeed]):
    is_open = serializers.SerializerMethodField()

    class Meta:
        model = CalendarFeed
        fields = ["is_open", "created_at"]
        read_only_fields = fields

    def get_is_open(self, feed: CalendarFeed) -> bool:
        return not feed._state.adding  # noqa: SLF001 (Django's documented Model API)


class CalendarMadeSerializer(serializers.Serializer[None]):
    """The secret address, which is seen only now."""

    url = serializers.URLField()


class CalendarView(APIView):
    """The caller's booked slots as a calendar (iCalendar) at a secret address."""

    @extend_schema(parameters=[CommunityQuerySerializer], responses=CalendarSerializer)
    def get(self, request: Request) -> Response:
        driver = asked_driver(request)
        feed = CalendarFeed.objects.filter(driver=driver).first() or CalendarFeed(driver=driver)
        return Response(CalendarSerializer(feed).data)

    @extend_schema(
        parameters=[CommunityQuerySerializer], request=None, responses={201: CalendarMadeSerializer}
    )
    def post(self, request: Request) -> Response:
        """Make the address, or another one: the one before it ends."""
        driver, actor = asked_driver(request), Actor.of_user(signed_in(request))
        token = calendar.open_feed(driver, actor=actor, now=timezone.now())
        url = request.build_absolute_uri(reverse("calendar-feed", args=[token]))
        return Response({"url": url}, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})

    @extend_schema(parameters=[CommunityQuerySerializer], responses={204: None})
    def delete(self, request: Request) -> Response:
        """End the address."""
        driver, actor = asked_driver(request), Actor.of_user(signed_in(request))
        calendar.close_feed(driver, actor=actor, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


@require_GET
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """What a calendar subscribes to; whoever knows the address may read it."""
    try:
        body = calendar.read_feed(token, now=timezone.now())
    except NotFound as error:
        raise Http404 from error
    headers = {"Cache-Control": "no-store", "Content-Disposition": 'inline; filename="slots.ics"'}
    return HttpResponse(body, content_type="text/calendar; charset=utf-8", headers=headers)
