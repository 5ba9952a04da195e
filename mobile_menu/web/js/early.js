// The first thing that the page does, in the first and smallest of its scripts: have a session, which all else waits for.

import { checked, send } from "./calls.js";
import { token } from "./session.js";

token(send, checked).catch(() => {}); // Whoever asks for it next hears why.
