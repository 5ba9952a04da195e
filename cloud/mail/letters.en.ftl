# Mails, in English. The paragraphs of a kind are named in letters.py.

verify-subject = Confirm your e-mail address
verify-greeting = Hello,
verify-why = you asked to add this e-mail address to the products on your phone. To confirm it, open this link on that phone:
verify-go = Confirm my address
verify-only-here = The link works only in the browser in which you asked for it, and only once. Please do not pass it on.
verify-lasts = It counts for { $minutes } minutes.
verify-not-you = If you did not ask for this, do nothing: without the link nobody can use your address.
