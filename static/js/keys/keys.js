// What pages about signing in need and no other: conversations stay light.

import "./passkey-form.js";
import "./print-button.js";
