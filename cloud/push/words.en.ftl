# What a push message says: nothing of whose it is, and nothing of the product, for it shows on a locked phone.
answer = An expert has answered
    .body = Tap to read the answer.
parcel_out = Your parcel comes today
    .body = It is out for delivery.
parcel_late = Your parcel is late
    .body = Tap to see what you can do.
fault = Your product needs a hand
    .body = Tap to see what is wrong and who can help.
command_done = It is done
    .body = What you asked for has been done.
command_failed = It did not work
    .body = Tap to see why.
