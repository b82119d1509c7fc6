"""One's profile, the page of an invitation, and the server's link."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import SignedInRequest, signed_in
from accounts.actions import renew_server_link, save_profile, take_invitation
from accounts.forms import ProfileForm
from accounts.invitations import is_mail_proof, link_url, remember, server_link, usable_invitation, was_taken
from accounts.models import User
from chat.errors import NotFound
from chat.moderators import waiting_for
from chat.sidebar import sidebar
from chatscape.rates import check_request


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def profile(request: SignedInRequest) -> HttpResponse:
    """What others see of the person, and the ways to the rest of their account."""
    # Not `request.user`: a name that is refused must not show in the rest of the page.
    person = User.objects.get(pk=request.user.pk)
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=person)
    if form.is_valid():
        save_profile(person, shown=bool({"shows_presence", "shows_receipts"}.intersection(form.changed_data)))
        messages.success(request, _("Saved."))
        return redirect("profile")
    address = request.user.emailaddress_set.filter(email=request.user.email).first()
    context = {
        **sidebar(request.user),
        "form": form,
        "email_confirmed": bool(address and address.verified),
        "waiting": waiting_for(request.user) if request.user.is_staff else 0,
    }
    return render(request, "accounts/profile.html", context, status=422 if form.errors else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, code: str) -> HttpResponse:
    """Who invites, and the way in: sign up, sign in, or take the invitation at once."""
    user = request.user if request.user.is_authenticated else None
    if user and was_taken(user=user, code=code):
        return redirect("home")
    invitation = usable_invitation(code)
    if invitation is None:
        return _gone(request)
    if user == invitation.inviter:
        messages.info(request, _("This is your own invitation link. Send it to the person you invite."))
        return (
            redirect("contact", invitation.contact_id) if invitation.contact_id else redirect("invitations")
        )
    if proof := request.GET.get("proof", ""):
        # Out of the address bar, so that copying the address does not give the proof away.
        remember(request, code, proved=is_mail_proof(proof, code))
        return redirect(invitation)
    if user is None:
        remember(request, code, proved=False)
    elif request.method == "POST":
        return redirect("home") if take_invitation(user=user, code=code) else _gone(request)
    return render(request, "accounts/join.html", {"invitation": invitation})


def _gone(request: HttpRequest) -> HttpResponse:
    """Say that a link is unknown, expired or taken by somebody else: which one is not told."""
    return render(request, "accounts/join.html", {"invitation": None}, status=404)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def invitations(request: SignedInRequest) -> HttpResponse:
    """The server's link for anybody; making a new one ends the old.

    Raises `NotFound` for people who do not run the server.
    """
    if not request.user.runs_server:
        raise NotFound(_("There is nothing here, or you may not see it."))
    if request.method == "POST":
        check_request("invite", request)
        renew_server_link(actor=request.user)
        return redirect("invitations")
    invitation = server_link(request.user)
    url = link_url(request, invitation) if invitation else ""
    context = {**sidebar(request.user), "invitation": invitation, "invitation_url": url}
    return render(request, "accounts/invitations.html", context)
