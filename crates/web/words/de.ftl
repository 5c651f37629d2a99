skip = Zum Inhalt springen
languages = Sprache
month = { $month ->
    [1] Januar
    [2] Februar
    [3] März
    [4] April
    [5] Mai
    [6] Juni
    [7] Juli
    [8] August
    [9] September
    [10] Oktober
    [11] November
   *[12] Dezember
}
date = { $day }. { $month } { $year }
date-time = { $day }. { $month } { $year }, { $time } Uhr ({ $zone })

form-title = Beschwerde einreichen
form-introduction = Sagen Sie uns, was schiefgegangen ist. Jede Beschwerde wird gelesen, und sie kostet Sie nichts.
please-check = Bitte prüfen:
form-errors = Bitte prüfen Sie Ihre Beschwerde. Sie wurde noch nicht abgeschickt.
error-mark = Fehler:
what-happened = Was ist passiert?
what-happened-hint = In Ihren eigenen Worten: was schiefgegangen ist, wann und wo.
remedy = Was wünschen Sie sich von uns?
remedy-hint = Zum Beispiel eine Erklärung, eine Entschuldigung, eine Reparatur oder Ihr Geld zurück.
product = Produkt oder Dienstleistung
order-number = Bestell- oder Kundennummer
category = Worum geht es?
location = Wo ist es geschehen?
choose = Bitte auswählen
required-mark = (Pflichtfeld)
reach = Wie können wir Sie erreichen?
reach-hint = Bitte geben Sie eine E-Mail-Adresse oder eine Telefonnummer an, oder beides.
reach-anonymous-hint = Sie können dies leer lassen. Ohne E-Mail-Adresse oder Telefonnummer können wir Ihnen nicht antworten.
name = Ihr Name
email = E-Mail-Adresse
email-hint = Wir bestätigen per E-Mail, dass Ihre Beschwerde angekommen ist.
phone = Telefonnummer
language = In welcher Sprache sollen wir antworten?
no-preference = Gleichgültig
files = Dateien, zum Beispiel Fotos oder Briefe
files-hint = Höchstens { $files } Dateien zu je { $each } MB, zusammen { $total } MB.
files-again = Dateien müssen noch einmal gewählt werden.
sending = Wird gesendet
sending-broken = Die Verbindung ist abgebrochen. Nichts, was Sie geschrieben haben, ist verloren: Bitte senden Sie es noch einmal.
needs = Brauchen Sie etwas Bestimmtes von uns?
needs-hint = Nur wenn es hilft. Was Sie hier schreiben, wird nur zur Bearbeitung Ihrer Beschwerde verwendet.
accessibility = Wie sollen wir Ihnen schreiben oder mit Ihnen sprechen?
accessibility-hint = Zum Beispiel in großer Schrift, in einfacher Sprache, am Telefon, mit Gebärdensprache.
representative = Beschweren Sie sich für jemand anderen?
representative-hint = Bitte schreiben Sie, für wen und in welcher Beziehung Sie stehen. Wir fragen vielleicht nach dem Einverständnis.
circumstances = Sollten wir etwas über Ihre Lage wissen?
circumstances-hint = Zum Beispiel eine Krankheit, ein Trauerfall, Geldsorgen, oder dass es für Sie eilt.
consent = Ich bin einverstanden, dass meine Angaben zur Bearbeitung meiner Beschwerde verwendet werden.
trap = Bitte lassen Sie dieses Feld leer
send = Beschwerde abschicken
send-as-addition = Zur schon erhaltenen Beschwerde hinzufügen

error-missing = Sagen Sie uns, was passiert ist.
error-required = Bitte füllen Sie dieses Feld aus.
error-not-agreed = Bitte setzen Sie dieses Häkchen, damit wir Ihre Beschwerde bearbeiten dürfen.
error-not-choice = Bitte wählen Sie eine der Antworten.
error-no-way-to-answer = Geben Sie eine E-Mail-Adresse oder eine Telefonnummer an, damit wir Ihnen antworten können.
error-too-long = Das sind { $chars } Zeichen; höchstens { $max } sind möglich. Bitte kürzen Sie den Text.
error-not-email = Das ist keine E-Mail-Adresse. Sie sollte aussehen wie name@example.com.
error-not-phone = Das ist keine Telefonnummer. Sie sollte aussehen wie +44 20 7946 0958.
error-not-language = Das ist kein Sprachkürzel wie „en“ oder „pt-BR“.
error-unknown = Dieses Feld gibt es nicht.
error-repeated = Das wurde mehr als einmal angegeben.
error-not-text = Das muss ein Text sein.
error-too-many-files = Bitte wählen Sie höchstens { $max } Dateien.
error-file-too-large = Eine Datei darf höchstens { $max } MB haben. Bitte wählen Sie eine kleinere oder schicken Sie sie per E-Mail.
error-files-too-large = Alle Dateien zusammen dürfen höchstens { $max } MB haben. Bitte wählen Sie weniger oder kleinere.
error-file-type = Diese Art von Datei können wir nicht annehmen. Bilder, PDF, Texte, Ton und Video gehen.
error-file-empty = Diese Datei ist leer.

notice-too-soon = Bitte schicken Sie das Formular noch einmal ab
    .text = Das Formular kam schneller zurück, als wir es von einem Menschen erwarten. Nichts ist verloren: Bitte prüfen Sie es und wählen Sie noch einmal „{ send }“.
notice-expired = Bitte schicken Sie das Formular noch einmal ab
    .text = Diese Seite war lange geöffnet. Nichts ist verloren: Bitte wählen Sie noch einmal „{ send }“.
notice-unsigned = Bitte schicken Sie das Formular noch einmal ab
    .text = Wir haben dieses Exemplar des Formulars nicht erkannt. Nichts ist verloren: Bitte prüfen Sie es und wählen Sie in ein paar Sekunden noch einmal „{ send }“.
notice-trap = Bitte schicken Sie das Formular noch einmal ab
    .text = Ein verborgenes Feld war ausgefüllt, vielleicht durch ein Programm, das Formulare für Sie ausfüllt. Es ist wieder leer: Bitte wählen Sie noch einmal „{ send }“.
notice-not-recorded = Wir konnten nicht bestätigen, dass Ihre Beschwerde aufgenommen wurde
    .text = Nichts ist verloren. Bitte warten Sie einen Augenblick und wählen Sie noch einmal „{ send }“: Das ist unbedenklich, Ihre Beschwerde wird nicht doppelt gezählt.
notice-too-often = Von Ihrem Anschluss wurde zu viel auf einmal abgeschickt
    .text = Nichts ist verloren. Bitte warten Sie eine Minute und wählen Sie noch einmal „{ send }“.
notice-files-missing = Bitte wählen Sie Ihre Dateien noch einmal
    .text = Ihre Dateien wurden nicht angenommen, und es ist noch nichts festgehalten. Alles, was Sie geschrieben haben, ist noch da: Bitte wählen Sie die Dateien noch einmal und drücken Sie „{ send }“.
notice-elsewhere = Bitte prüfen und selbst absenden
    .text = Das hat eine andere Website gesendet. Es ist noch nichts festgehalten: Wenn das Ihre Worte sind, prüfen Sie sie bitte und drücken Sie „{ send }“.
notice-other-words = Dieses Formular wurde schon einmal abgeschickt, mit anderen Worten
    .text = Was vorher gesendet wurde, ist festgehalten und ändert sich dadurch nicht. Sie können diese Worte hinzufügen oder sie als eigene Beschwerde senden.

thanks-title = Wir haben Ihre Beschwerde erhalten
received = Eingegangen am
reference = Ihr Aktenzeichen
receipt-code = Ihr Empfangscode
thanks-keep = Bitte drucken oder speichern Sie diese Seite. Nennen Sie das Aktenzeichen immer, wenn Sie uns wegen dieser Beschwerde schreiben oder anrufen. Behalten Sie den Empfangscode für sich: Zusammen mit dem Aktenzeichen zeigt er, dass es Ihre Beschwerde ist.
next = Wie es weitergeht
next-1 = Wir bestätigen, dass Ihre Beschwerde angekommen ist, und sagen Ihnen, bis wann wir antworten. Haben Sie eine E-Mail-Adresse angegeben, kommt die Bestätigung per E-Mail.
next-2 = Jemand geht der Sache nach und fragt Sie, wenn etwas unklar ist.
next-3 = Wir teilen Ihnen mit, was wir entschieden haben und warum, und was Sie tun können, wenn Sie nicht einverstanden sind. Das kostet Sie nichts.
told = Was Sie uns gesagt haben
told-remedy = Was Sie sich von uns wünschen

status-title = Nachsehen, wie es um Ihre Beschwerde steht
status-introduction = Geben Sie das Aktenzeichen und den Empfangscode von der Seite oder aus der E-Mail ein, die Ihre Beschwerde bestätigt hat.
status-reference-hint = Zum Beispiel RD-4F7K-2QMX.
status-code-hint = Die 26 Buchstaben und Ziffern unter dem Aktenzeichen. Großschreibung und Leerzeichen spielen keine Rolle.
status-see = Nachsehen
status-no-match = Das gehört nicht zusammen
    .text = Wir kennen keine Beschwerde mit diesem Aktenzeichen und diesem Empfangscode. Bitte prüfen Sie beide: Sie stehen auf der Seite oder in der E-Mail, die Ihre Beschwerde bestätigt hat.
status-heading = Wie es um Ihre Beschwerde steht
status-team = Zuständig ist
status-expected = Was als Nächstes geschieht, und bis wann
status-late = Damit sind wir im Verzug. Das tut uns leid.
status-steps = Was bisher geschehen ist
now-not-registered = Ihre Beschwerde ist angekommen und wird gerade aufgenommen. Bitte sehen Sie in einigen Minuten noch einmal nach.
now-registered = Ihre Beschwerde ist aufgenommen. Jemand wird sich ihrer annehmen.
now-in-assessment = Jemand hat Ihre Beschwerde übernommen und sieht sich an, worum es geht.
now-in-investigation = Jemand geht der Sache nach.
now-response-proposed = Jemand ist der Sache nachgegangen, und eine Antwort wird vorbereitet.
now-awaiting-you = Wir haben Sie um eine Antwort gebeten. Haben Sie sie schon gegeben, ist nichts weiter zu tun; sonst können Sie sie unten geben.
now-held = Wir warten auf jemanden außerhalb unseres Hauses, bevor wir weitermachen können.
now-decided = Wir haben entschieden. Sie erfahren, was und warum.
now-closed = Ihre Beschwerde ist abgeschlossen.
now-closed-decided = Ihre Beschwerde ist abgeschlossen: Wir haben Ihnen mitgeteilt, was wir entschieden haben und warum.
now-closed-withdrawn = Ihre Beschwerde ist abgeschlossen, weil Sie sie zurückgenommen haben.
now-closed-duplicate = Wir behandeln sie zusammen mit einer anderen Beschwerde von Ihnen.
now-closed-not-a-complaint = Wir haben Ihr Anliegen nicht als Beschwerde, sondern auf anderem Weg behandelt.
now-closed-referred = Ihre Beschwerde ist hier abgeschlossen, weil jemand anderes dafür zuständig ist.
now-closed-no-contact = Ihre Beschwerde ist abgeschlossen, weil wir Sie nicht erreichen konnten.
due-acknowledge = Wir bestätigen, dass Ihre Beschwerde angekommen ist
due-final-response = Wir teilen Ihnen mit, was wir entschieden haben
due-review-reply = Wir antworten auf das, was Sie nach dem Abschluss geschrieben haben
step-received = Ihre Beschwerde ist eingegangen.
step-added = Wir haben mehr von Ihnen erhalten.
step-acknowledged = Wir haben bestätigt, dass sie angekommen ist.
step-holding = Wir haben Ihnen mitgeteilt, dass es länger dauert.
step-final = Wir haben Ihnen mitgeteilt, was wir entschieden haben.
step-wrote = Wir haben Ihnen geschrieben.
step-not-delivered = Eine Nachricht an Sie konnte nicht zugestellt werden.
step-decided = Wir haben entschieden.
step-closed = Ihre Beschwerde wurde abgeschlossen.
messages-title = Was wir Ihnen geschrieben haben
messages-missing = Nicht jede Nachricht an Sie kann hier gezeigt werden. Wann wir geschrieben haben, steht unter dem, was bisher geschehen ist.
add-title = Etwas hinzufügen
add-introduction = Was Sie hier schreiben, kommt zu Ihrer Beschwerde.
add-introduction-closed = Wenn Sie nicht einverstanden sind oder sich etwas geändert hat, schreiben Sie es hier: Jemand sieht es sich noch einmal an und antwortet Ihnen.
add-text = Was möchten Sie hinzufügen?
add-send = Hinzufügen
add-errors = Bitte prüfen Sie, was Sie geschrieben haben. Es wurde noch nicht abgeschickt.
add-missing = Schreiben Sie, was Sie hinzufügen möchten.
added = Wir haben erhalten, was Sie hinzugefügt haben
    .text = Jemand wird es lesen.
acts-title = Was Sie sonst noch tun können
act-withdraw = Die Beschwerde zurücknehmen
act-withdraw-title = Möchten Sie Ihre Beschwerde zurücknehmen?
act-withdraw-means = Wir schließen sie dann und unternehmen nichts weiter. Was Sie gesendet haben, bleibt festgehalten, und auf dieser Seite können Sie uns bitten, sie noch einmal anzusehen.
act-withdraw-seen = Was Sie uns mitgeteilt haben, kann auch andere betreffen. Wenn Sie Ihre Beschwerde zurücknehmen, sieht jemand sie sich an, bevor sie geschlossen wird.
act-withdraw-send = Ja, zurücknehmen
act-review = Um eine Überprüfung bitten
act-review-title = Möchten Sie, dass Ihre Beschwerde noch einmal angesehen wird?
act-review-means = Ihre Beschwerde wird wieder geöffnet. Jemand sieht sie sich noch einmal an, wenn möglich jemand anderes als zuvor, und teilt Ihnen das Ergebnis mit. Das kostet Sie nichts.
act-review-send = Ja, um eine Überprüfung bitten
act-text = Wenn Sie möchten, sagen Sie uns warum
act-back = Nein, zurück
withdrawn = Wir haben erhalten, dass Sie Ihre Beschwerde zurücknehmen
    .text = Sie wird gleich geschlossen. Sehen Sie in ein paar Minuten noch einmal auf dieser Seite nach.
withdrawal-seen = Wir haben erhalten, dass Sie Ihre Beschwerde zurücknehmen
    .text = Was Sie uns mitgeteilt haben, kann auch andere betreffen: Jemand sieht sie sich an, bevor sie geschlossen wird.
review-requested = Wir haben erhalten, dass Sie um eine Überprüfung bitten
    .text = Ihre Beschwerde wird gleich wieder geöffnet. Sehen Sie in ein paar Minuten noch einmal auf dieser Seite nach.
now-under-review = Wir sehen uns Ihre Beschwerde noch einmal an, wie Sie es gewünscht haben.
now-withdrawal = Sie haben uns mitgeteilt, dass Sie Ihre Beschwerde zurücknehmen. Jemand sieht sie sich an, bevor sie geschlossen wird.
step-withdrawal = Sie haben uns mitgeteilt, dass Sie sie zurücknehmen.
step-review = Sie haben um eine Überprüfung gebeten.
message-act-not-recorded = Wir konnten nicht bestätigen, dass dies festgehalten wurde
    .text = Nichts von dem, was Sie geschrieben haben, ist verloren. Bitte warten Sie einen Moment und drücken Sie die Schaltfläche noch einmal: Das ist unbedenklich, es wird nicht zweimal festgehalten.
message-act-sent-before = Dies wurde schon gesendet, mit anderen Worten
    .text = Was zuvor gesendet wurde, ist festgehalten. Wenn Sie auch diese Worte senden möchten, drücken Sie die Schaltfläche noch einmal.

guide-title = Wie Sie sich beschweren können
guide-introduction = Jeder Mensch darf sich beschweren, auf jedem dieser Wege. Es kostet nichts, und niemand wird deshalb schlechter behandelt.
guide-ways = Wege zur Beschwerde
guide-form = Mit dem Formular auf dieser Website
guide-mail = Per E-Mail an
guide-help = Jemand, dem Sie vertrauen, darf sich für Sie beschweren. Sagen Sie uns, wenn Sie dafür etwas brauchen oder die Antwort in einer anderen Form.
guide-limits = Unsere Fristen
guide-disagree = Wenn Sie nicht einverstanden sind
    .text = Sagen Sie es uns, auf einem dieser Wege oder auf der Statusseite: Jemand sieht es sich noch einmal an und antwortet Ihnen.
within-minutes = { $count ->
    [one] innerhalb von einer Minute
   *[other] innerhalb von { $count } Minuten
}
within-hours = { $count ->
    [one] innerhalb von einer Stunde
   *[other] innerhalb von { $count } Stunden
}
within-working-minutes = { $count ->
    [one] innerhalb von einer Minute Arbeitszeit
   *[other] innerhalb von { $count } Minuten Arbeitszeit
}
within-working-hours = { $count ->
    [one] innerhalb von einer Arbeitsstunde
   *[other] innerhalb von { $count } Arbeitsstunden
}
within-working-days = { $count ->
    [one] innerhalb von einem Arbeitstag
   *[other] innerhalb von { $count } Arbeitstagen
}
within-days = { $count ->
    [one] innerhalb von einem Tag
   *[other] innerhalb von { $count } Tagen
}
within-weeks = { $count ->
    [one] innerhalb von einer Woche
   *[other] innerhalb von { $count } Wochen
}
within-months = { $count ->
    [one] innerhalb von einem Monat
   *[other] innerhalb von { $count } Monaten
}

to-the-form = Zum Formular
to-the-guide = Wie Sie sich beschweren können und was dann geschieht
to-the-status = Haben Sie sich schon beschwert? Sehen Sie nach, wie es um Ihre Beschwerde steht.
message-busy = Im Augenblick schicken zu viele Menschen etwas ab
    .text = Ihre Beschwerde ist noch nicht angekommen. Bitte warten Sie einen Augenblick und laden Sie diese Seite neu: Ihr Browser schickt dann, was Sie geschrieben haben, noch einmal.
message-unreadable = Dieses Formular konnte nicht gelesen werden
    .text = Ihre Beschwerde ist nicht angekommen. Bitte gehen Sie in Ihrem Browser zurück und schicken Sie das Formular noch einmal ab.
message-wrong-method = Das geht hier nicht
    .text = Beschwerden werden mit dem Formular auf der ersten Seite eingereicht.
message-files-missing = Bitte wählen Sie Ihre Dateien noch einmal
    .text = Ihre Dateien wurden nicht angenommen, und es wurde nichts festgehalten. Bitte wählen Sie sie noch einmal und senden Sie erneut.
message-no-such-form = Dieses Formular gibt es nicht
    .text = Vielleicht stimmt die Adresse dieser Seite nicht. Sie können sich mit unserem allgemeinen Formular beschweren.
message-too-large = Das ist mehr, als wir auf einmal annehmen können
    .text = Ihre Beschwerde ist nicht angekommen. Bitte gehen Sie in Ihrem Browser zurück, kürzen Sie den Text oder lassen Sie Dateien weg, und schicken Sie das Formular noch einmal ab.
message-too-many-fields = Dieses Formular hat mehr Felder, als wir annehmen können
    .text = Ihre Beschwerde ist nicht angekommen. Bitte öffnen Sie die erste Seite neu und schicken Sie das Formular von dort.
message-too-slow = Ihre Verbindung war zu langsam
    .text = Ihre Beschwerde ist nicht angekommen. Bitte gehen Sie in Ihrem Browser zurück und schicken Sie das Formular noch einmal ab.
message-unavailable = Wir können das im Augenblick nicht nachsehen
    .text = Es wurde nichts aufgenommen. Bitte warten Sie einen Augenblick und laden Sie diese Seite neu: Ihr Browser schickt dann, was Sie geschrieben haben, noch einmal.
message-too-many-tries = Zu viele Versuche
    .text = Es wurde nichts aufgenommen. Bitte warten Sie eine Minute und laden Sie diese Seite neu: Ihr Browser schickt dann, was Sie geschrieben haben, noch einmal.
message-not-added = Wir konnten nicht bestätigen, dass dies aufgenommen wurde
    .text = Nichts ist verloren. Bitte warten Sie einen Augenblick und wählen Sie noch einmal „{ add-send }“: Das ist unbedenklich, es wird nicht doppelt aufgenommen.
message-sent-before = Dieses Formular wurde schon einmal abgeschickt, mit anderen Worten
    .text = Was vorher abgeschickt wurde, ist aufgenommen. Wenn Sie auch diese Worte hinzufügen möchten, wählen Sie noch einmal „{ add-send }“.

# Staff intake: the pages of clerks
staff-sign-in = Anmelden
staff-sign-in-introduction = Für Mitarbeitende, die Beschwerden erfassen, die per Brief, persönlich oder telefonisch eingehen.
staff-account = Konto
staff-password = Passwort
staff-signed-in = Angemeldet als
staff-sign-out = Abmelden
staff-no-match = Konto und Passwort gehören nicht zusammen
    .text = Bitte prüfen Sie beides, und ob die Feststelltaste gedrückt ist.
staff-too-many-tries = Zu viele Versuche
    .text = Bitte warten Sie eine Minute und melden Sie sich dann erneut an.
staff-busy = Im Augenblick melden sich zu viele an
    .text = Bitte warten Sie einen Moment und melden Sie sich dann erneut an.
staff-elsewhere = Bitte melden Sie sich selbst an
    .text = Eine andere Website hat dies gesendet. Niemand wurde angemeldet.
staff-signed-out = Sie sind abgemeldet
    .text = Schließen Sie dieses Fenster, wenn andere diesen Computer benutzen.
staff-title = Eine Beschwerde erfassen
staff-introduction = Verwenden Sie die Worte der Person, die sich beschwert. Die Fragen stehen hier so, wie sie der Öffentlichkeit gestellt werden.
staff-callers = Offene Beschwerden dieses Anrufers
staff-callers-none = Keine von dieser Nummer.
staff-forms = Formulare
staff-how = Wie sie eingegangen ist
staff-channel = Auf welchem Weg hat sie uns erreicht?
staff-channel-letter = Per Brief
staff-channel-in_person = Persönlich
staff-channel-phone = Telefonisch
staff-counter = Wo ist sie eingegangen?
staff-received-at = Wann hat sie uns erreicht?
staff-received-at-hint = Bei einem Brief der Eingangsstempel. Ab diesem Zeitpunkt laufen die Fristen.
staff-backdating-reason = Warum wird sie erst jetzt erfasst?
staff-backdating-reason-hint = Nur, wenn sie uns vor mehr als einem Tag erreicht hat.
staff-arrival = Wie genau ist sie eingegangen?
staff-arrival-hint = Zum Beispiel Einschreiben, Schalter im Rathaus.
staff-call = Um welchen Anruf geht es?
staff-call-hint = Seine Kennung in der Telefonanlage, wenn Sie sie kennen; der Anruf und seine Aufzeichnung werden bei dieser Notiz geführt.
staff-read-back = Ich habe dies vorgelesen, und es wurde bestätigt.
staff-postal-address = Postanschrift
staff-identity-checked = Ich habe geprüft, wer die Person ist und dass dies ihre Adresse ist.
staff-record = Beschwerde erfassen
staff-error-time = Das ist kein Datum mit Uhrzeit. Es sollte aussehen wie 2026-03-02 10:30.
staff-error-future = Dieser Zeitpunkt liegt in der Zukunft.
staff-error-too-long-ago = Das ist mehr als { $max } Tage her. Bitte prüfen Sie das Jahr.
staff-error-reason = Bitte geben Sie an, warum sie erst jetzt erfasst wird.
staff-error-nobody = Bitte geben Sie die Adresse an, die Sie geprüft haben.
notice-signed-out = Sie sind abgemeldet, und es wurde noch nichts erfasst
    .text = Alles, was Sie eingegeben haben, ist noch da. Melden Sie sich in einem anderen Tab an und drücken Sie dann erneut „{ staff-record }“.
staff-receipt-title = Die Beschwerde ist erfasst
staff-receipt-keep = Bitte drucken Sie diese Seite aus und händigen Sie sie aus oder senden Sie sie zu. Das Aktenzeichen sagt, um welche Beschwerde es geht; zusammen mit dem Empfangscode zeigt es, wem die Beschwerde gehört.
staff-status-at = Der Stand kann hier eingesehen werden:
staff-another = Eine weitere Beschwerde erfassen

# For those who were told of an escalation
escalation-waits = Eine Frist ist abgelaufen
    .text = Kümmern Sie sich jetzt darum? Dann erfährt die nächste Stufe der Eskalation nichts davon. Ist es bis dahin nicht erledigt, erfährt es die Stufe danach.
escalation-acknowledged = Jemand kümmert sich darum
    .text = Die nächste Stufe der Eskalation erfährt nichts davon. Ist es bis dahin nicht erledigt, erfährt es die Stufe danach.
escalation-over = Hier ist nichts mehr zu tun
    .text = Es wurde inzwischen erledigt, oder seine Frist hat sich geändert.
escalation-reference = Beschwerde
escalation-what = Was überfällig ist
escalation-due = Fällig war es
escalation-send = Ich kümmere mich darum
message-no-such-escalation = Diesen Link gibt es nicht
    .text = Er führt hier zu nichts. Vielleicht wurde er nicht ganz kopiert.
