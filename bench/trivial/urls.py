"""The one page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from bench.trivial.models import Row

ROWS = 50


@login_required(login_url="/health/live")
def page(request: HttpRequest) -> HttpResponse:
    return render(request, "trivial.html", {"rows": Row.objects.order_by("-pk")[:ROWS]})


def live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("It runs.")


urlpatterns = [path("", page), path("health/live", live)]
