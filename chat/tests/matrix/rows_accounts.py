"""One's own account: profile, data, devices, standing. Everybody has just typed the password."""

from chat.tests.matrix.row import DONE_BY_ME, NO, NOTHING, OWN, SIGN_IN, Codes, Rows, page, shared

DONE: Codes = (SIGN_IN, 303, 303, 303)

ROWS: Rows = {
    "profile": page("/profile/", OWN, (SIGN_IN, 422, 422, 422)),
    "data": page("/profile/data/", OWN),
    "data-export": page("/profile/export/", NO, OWN),
    "erase": page("/profile/erase/", OWN, (SIGN_IN, 422, 422, 422)),
    "devices": page("/devices/", OWN),
    "device-end": lambda it: shared("/devices/{}/end/", it.device, post=DONE_BY_ME),
    "devices-end-others": page("/devices/others/", NO, DONE),
    "devices-end-all": page("/devices/logout/", NO, (302, 302, 302, 302)),
    "device-new": page("/devices/new/", OWN, DONE),
    "device-new-state": page("/devices/new/state/", OWN),
    "device-link": page("/devices/link/nothing/", NOTHING, NOTHING),
    "standing": page("/standing/", OWN),
    "standing-read": page("/standing/read/", NO, DONE),
    "standing-export": page("/standing/export/", NO, DONE),
    # Those who were kept out are nobody, too.
    "standing-leave": page("/standing/leave/", NO, (303, 303, 303, 303)),
    "standing-appeal": lambda it: shared("/standing/{}/appeal/", it.warning, post=DONE_BY_ME, words="Not me"),
}
