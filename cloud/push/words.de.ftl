# Was eine Push-Nachricht sagt: nichts darüber, wem sie gilt, und nichts über das Gerät, denn sie steht auf dem Sperrbildschirm.
answer = Eine Antwort für Sie
    .body = Unsere Fachleute haben geantwortet. Tippen Sie, um zu lesen.
parcel_out = Ihr Paket kommt heute
    .body = Es ist in Zustellung.
parcel_late = Ihr Paket verspätet sich
    .body = Tippen Sie, um zu sehen, was Sie tun können.
fault = Ihr Gerät braucht Hilfe
    .body = Tippen Sie, um zu sehen, was los ist und wer helfen kann.
command_done = Erledigt
    .body = Was Sie wollten, ist getan.
command_failed = Das hat nicht geklappt
    .body = Tippen Sie, um zu sehen, warum.
