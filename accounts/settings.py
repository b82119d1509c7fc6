"""Settings of people and of sign-in (django-allauth), taken into `chatscape.settings`."""

from urllib.parse import urlsplit

from chatscape.env import Settings
from chatscape.rates import limits_in, rates_of

_env = Settings()

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.WordsOfThePlaceValidator"},
]
# A mailed link for another password is for now, not for whoever reads old mail (seconds).
PASSWORD_RESET_TIMEOUT = 60 * 60
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "signup": "accounts.forms.SignupForm",
    "add_email": "accounts.email_change.ChangeEmailForm",
    "reset_password": "accounts.email_change.ResetPasswordForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
# Whoever has another password, address, passkey or code since a moment ago hears of it.
ACCOUNT_EMAIL_NOTIFICATIONS = _env.flag(
    "CONFIRM_EMAIL", default=bool(_env.url("EMAIL_URL", ("smtp", "smtps", "smtp+tls")))
)
# Nobody signs in before they have confirmed their address, as far as CONFIRM_EMAIL wants it
# (`accounts.confirmation`). Whoever opens the mail in the browser they signed up with goes on there.
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# A session left open somewhere must not be enough to take the account over.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True

# Passkeys, authenticator apps, and codes for the day when both are lost.
MFA_ADAPTER = "accounts.mfa_adapter.MFAAdapter"
MFA_FORMS = {
    "authenticate": "accounts.mfa_forms.AuthenticateForm",
    "authenticate_webauthn": "accounts.mfa_forms.AuthenticatePasskeyForm",
    "reauthenticate": "accounts.mfa_forms.ReauthenticateForm",
    "reauthenticate_webauthn": "accounts.mfa_forms.ReauthenticatePasskeyForm",
    "activate_totp": "accounts.mfa_forms.ActivateTOTPForm",
    "add_webauthn": "accounts.mfa_forms.AddPasskeyForm",
    "edit_webauthn": "accounts.mfa_forms.RenamePasskeyForm",
    "login_webauthn": "accounts.mfa_forms.LoginPasskeyForm",
}
MFA_SUPPORTED_TYPES = ["webauthn", "totp", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Clocks differ, and somebody types the code of a moment ago: one step to both sides. No code works twice
# (`accounts.codes`).
MFA_TOTP_TOLERANCE = 1
# allauth would let nobody with a second factor change their address. Whose main address is not confirmed
# adds none (`accounts.mfa`).
MFA_ALLOW_UNVERIFIED_EMAIL = True

# Accounts at providers (docs/sign-in.md).
SOCIALACCOUNT_ADAPTER = "accounts.oidc.adapter.SocialAccountAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
# Providers answer for who signs in; whether an address is believed is another matter (`oidc.people`).
SOCIALACCOUNT_EMAIL_VERIFICATION = "optional"
SOCIALACCOUNT_LOGIN_ON_GET = False

# Behind a proxy every visitor has the proxy's address: without this all share one rate limit.
# Somebody ends TLS before us when the public address is https.
ALLAUTH_TRUSTED_PROXY_COUNT = _env.number(
    "TRUSTED_PROXIES",
    int(urlsplit(_env.url("PUBLIC_URL", ("https", "http"))).scheme == "https"),
    least=0,
    most=9,
    about=(
        "how many proxies in front add the visitor's address; without it everybody behind a proxy shares"
        " one rate limit"
    ),
    shown="1 with an https `PUBLIC_URL`, else 0",
)

# allauth counts these, in the cache. Without ours its own limits hold: nobody guesses passwords freely.
_limits = limits_in(_env)
if _limits:
    ACCOUNT_RATE_LIMITS = {
        "login_failed": rates_of(_limits["sign_in"]),
        "signup": rates_of(_limits["sign_up"]),
        "reset_password": rates_of(_limits["reset"]),
    }

__all__ = [name for name in dir() if name.isupper()]
