# Mails, in English. The paragraphs of a kind are named in letters.py.

verify-subject = Confirm your e-mail address
verify-greeting = Hello,
verify-why = you asked to add this e-mail address to the products on your phone. To confirm it, open this link on that phone:
verify-go = Confirm my address
verify-only-here = The link works only in the browser in which you asked for it, and only once. Please do not pass it on.
verify-lasts = It counts for { $minutes } minutes.
verify-not-you = If you did not ask for this, do nothing: without the link nobody can use your address.

joined-subject = A phone was added to your products
joined-greeting = Hello,
joined-why = another phone has just confirmed this e-mail address. From now on it shows the same products as your other phones, and can do the same with them.
joined-was-you = If that was you, there is nothing to do.
joined-not-you = If it was not you, somebody else reads your mail. First change the password of your mailbox. Then open this page on your own phone, and sign out the phones that are not yours under "Your data":
joined-go = See my phones
joined-told = We send this mail each time that a phone is added, so that it cannot happen unseen.

removed-subject = This address was taken off your products
removed-greeting = Hello,
removed-why = one of your phones has just removed this e-mail address, or put another one in its place. It does not lead back to your products any more, and we send nothing else to it.
removed-was-you = If that was you, there is nothing to do.
removed-not-you = If it was not you, open this page on your own phone now, sign out the phones that are not yours under "Your data", and confirm your address again:
removed-go = See my phones
