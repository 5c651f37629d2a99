# The words of the public pages. Every file beside this one has the same messages.

skip = Skip to the content
languages = Language
month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
date = { $day } { $month } { $year }
date-time = { $day } { $month } { $year }, { $time } { $zone }

# The form
form-title = Make a complaint
form-introduction = Tell us what went wrong. Every complaint is read, and making one is free of charge.
please-check = Please check:
form-errors = Please check your complaint. It has not been sent yet.
error-mark = Error:
what-happened = What happened?
what-happened-hint = In your own words: what went wrong, when and where.
remedy = What would you like us to do?
remedy-hint = For example explain, apologise, repair, or pay back.
product = Product or service
order-number = Order or customer number
category = What is it about?
location = Where did it happen?
choose = Please choose
required-mark = (required)
reach = How can we reach you?
reach-hint = Please give an email address or a phone number, or both.
reach-anonymous-hint = You may leave this out. Without an email address or a phone number we cannot answer you.
name = Your name
email = Email address
email-hint = We confirm by email that your complaint has arrived.
phone = Phone number
language = In which language should we answer?
no-preference = No preference
files = Files, for example photos or letters
files-hint = At most { $files } files of { $each } MB each, { $total } MB together.
files-again = Files must be chosen again.
sending = Sending
sending-broken = The connection broke. Nothing you typed is lost: please send it again.
needs = Is there anything you need from us?
needs-hint = Only if it helps. What you tell us here is used to deal with your complaint and for nothing else.
accessibility = How should we write or speak to you?
accessibility-hint = For example in large print, in easy words, by telephone, with a sign language interpreter.
representative = Are you complaining for somebody else?
representative-hint = Please say for whom, and how you are connected. We may ask for their agreement.
circumstances = Is there anything about your situation that we should know?
circumstances-hint = For example an illness, a bereavement, money worries, or that something is urgent for you.
consent = I agree that what I tell you here is used to deal with my complaint.
trap = Please leave this field empty
send = Send complaint
send-as-addition = Add it to the complaint already received

# What is wrong with a field
error-missing = Tell us what happened.
error-required = Please fill this in.
error-not-agreed = Please tick this box, so that we may deal with your complaint.
error-not-choice = Please choose one of the answers.
error-no-way-to-answer = Give an email address or a phone number, so that you can be answered.
error-too-long = This has { $chars } characters; at most { $max } can be taken. Please shorten it.
error-not-email = This is not an email address. It should look like name@example.com.
error-not-phone = This is not a phone number. It should look like +44 20 7946 0958.
error-not-language = This is not a language tag such as “en” or “pt-BR”.
error-unknown = There is no such field.
error-repeated = This was given more than once.
error-not-text = This must be a text.
error-too-many-files = Please choose at most { $max } files.
error-file-too-large = A file may have { $max } MB at most. Please choose a smaller one, or send it by email.
error-files-too-large = All files together may have { $max } MB at most. Please choose fewer or smaller ones.
error-file-type = We cannot take this kind of file. Pictures, PDF, texts, sound and video can be taken.
error-file-empty = This file is empty.

# Why a form is shown again although its fields are right
notice-too-soon = Please send it once more
    .text = The form came back sooner than we expect of a person. Nothing you typed is lost: please check it and press “{ send }” again.
notice-expired = Please send it once more
    .text = This page has been open for a long time. Nothing you typed is lost: please press “{ send }” again.
notice-unsigned = Please send it once more
    .text = We did not recognise this copy of the form. Nothing you typed is lost: please check it and press “{ send }” again in a few seconds.
notice-trap = Please send it once more
    .text = A hidden field was filled in, perhaps by a program that fills in forms for you. It is empty again: please press “{ send }” once more.
notice-not-recorded = We could not confirm that your complaint was recorded
    .text = Nothing you typed is lost. Please wait a moment and press “{ send }” again: sending again is safe, your complaint will not be counted twice.
notice-too-often = Too much has been sent from your connection
    .text = Nothing you typed is lost. Please wait a minute and press “{ send }” again.
notice-files-missing = Please choose your files again
    .text = Your files have not been taken in, and nothing was recorded yet. Everything you typed is still here: please choose the files again and press “{ send }”.
notice-elsewhere = Please check and send it yourself
    .text = Another website sent this. Nothing was recorded yet: if these are your words, please check them and press “{ send }”.
notice-other-words = This form was sent before, with other words
    .text = What was sent before is on record and is not changed by this. You can add these words to it, or send them as a complaint of their own.

# The thank-you page
thanks-title = We have received your complaint
received = Received
reference = Your reference
receipt-code = Your receipt code
thanks-keep = Please print or save this page. Quote the reference whenever you contact us about this complaint. Keep the receipt code to yourself: together with the reference it shows that the complaint is yours.
next = What happens next
next-1 = We confirm that your complaint has arrived and tell you by when we will answer. If you gave us an email address, the confirmation comes by email.
next-2 = Somebody looks into what happened, and asks you if anything is unclear.
next-3 = We tell you what we have decided and why, and what you can do if you do not agree. This costs you nothing.
told = What you told us
told-remedy = What you would like us to do

# The status page
status-title = See where your complaint stands
status-introduction = Enter the reference and the receipt code from the page or the mail that confirmed your complaint.
status-reference-hint = For example RD-4F7K-2QMX.
status-code-hint = The 26 letters and digits that stand below the reference. Capitals and spaces do not matter.
status-see = See where it stands
status-no-match = These do not belong together
    .text = We know no complaint with this reference and this receipt code. Please check both: they stand on the page or in the mail that confirmed your complaint.
status-heading = Where your complaint stands
status-team = It is dealt with by
status-expected = What comes next, and by when
status-late = This is late, and we are sorry.
status-steps = What happened so far
now-not-registered = Your complaint has arrived and is being registered. Please look again in a few minutes.
now-registered = Your complaint is on record. Somebody will take it on.
now-in-assessment = Somebody has taken on your complaint and looks at what it is about.
now-in-investigation = Somebody is looking into what happened.
now-response-proposed = Somebody has looked into what happened, and an answer is being prepared.
now-awaiting-you = We asked you for an answer. If you have given it already, there is nothing more to do; else you can give it below.
now-held = We are waiting for somebody outside our organisation before we can go on.
now-decided = We have decided. You are told what, and why.
now-closed = Your complaint is closed.
now-closed-decided = Your complaint is closed: we have told you what we decided, and why.
now-closed-withdrawn = Your complaint is closed, because you took it back.
now-closed-duplicate = We deal with this together with another complaint that you made.
now-closed-not-a-complaint = We dealt with this as something other than a complaint.
now-closed-referred = Your complaint is closed here, because somebody else is responsible for it.
now-closed-no-contact = Your complaint is closed, because we could not reach you.
due-acknowledge = We confirm that your complaint has arrived
due-final-response = We tell you what we have decided
due-review-reply = We answer what you wrote after it was closed
step-received = We received your complaint.
step-added = We received more from you.
step-acknowledged = We confirmed that it has arrived.
step-holding = We told you that it takes longer.
step-final = We told you what we have decided.
step-wrote = We wrote to you.
step-not-delivered = A message to you could not be delivered.
step-decided = We decided.
step-closed = Your complaint was closed.
messages-title = What we wrote to you
messages-missing = Not every message to you can be shown here. What happened so far says when we wrote.
add-title = Add something
add-introduction = What you write here is added to your complaint.
add-introduction-closed = If you do not agree, or if something has changed, write it here: somebody looks at it again and answers you.
add-text = What would you like to add?
add-send = Add it
add-errors = Please check what you wrote. It has not been sent yet.
add-missing = Write what you would like to add.
added = We have received what you added
    .text = Somebody will read it.
acts-title = What else you can do
act-withdraw = Take the complaint back
act-withdraw-title = Do you want to take your complaint back?
act-withdraw-means = We then close it and do nothing more about it. What you sent stays on record, and on this page you can ask us to look at it again.
act-withdraw-seen = What you told us may concern others too. If you take your complaint back, somebody looks at it before it is closed.
act-withdraw-send = Yes, take it back
act-review = Ask for a review
act-review-title = Do you want your complaint to be looked at again?
act-review-means = Your complaint is opened again. Somebody looks at it once more, somebody else than before where we can, and tells you what comes of it. This costs you nothing.
act-review-send = Yes, ask for a review
act-text = If you like, tell us why
act-back = No, go back
withdrawn = We have received that you take your complaint back
    .text = It will be closed in a moment. Look at this page again in a few minutes to see it.
withdrawal-seen = We have received that you take your complaint back
    .text = What you told us may concern others too: somebody looks at it before it is closed.
review-requested = We have received that you ask for a review
    .text = Your complaint will be opened again in a moment. Look at this page again in a few minutes to see it.
now-under-review = We are looking at your complaint again, as you asked.
now-withdrawal = You told us that you take your complaint back. Somebody looks at it before it is closed.
step-withdrawal = You told us that you take it back.
step-review = You asked for a review.
message-act-not-recorded = We could not confirm that this was recorded
    .text = Nothing you typed is lost. Please wait a moment and press the button again: sending again is safe, it will not be recorded twice.
message-act-sent-before = This was sent before, with other words
    .text = What was sent before is on record. If you want to send these words too, press the button again.

# How to complain
guide-title = How to complain
guide-introduction = Anybody may complain, in any of these ways. It costs nothing, and nobody is treated worse for it.
guide-ways = Ways to complain
guide-form = By the form on this site
guide-mail = By email to
guide-help = Somebody you trust may complain for you. Tell us if you need anything to be able to complain, or an answer in another form.
guide-limits = Our time limits
guide-disagree = If you do not agree
    .text = Tell us so, in any of these ways or on the status page: somebody looks at it again and answers you.
within-minutes = { $count ->
    [one] within one minute
   *[other] within { $count } minutes
}
within-hours = { $count ->
    [one] within one hour
   *[other] within { $count } hours
}
within-working-minutes = { $count ->
    [one] within one minute of working time
   *[other] within { $count } minutes of working time
}
within-working-hours = { $count ->
    [one] within one working hour
   *[other] within { $count } working hours
}
within-working-days = { $count ->
    [one] within one working day
   *[other] within { $count } working days
}
within-days = { $count ->
    [one] within one day
   *[other] within { $count } days
}
within-weeks = { $count ->
    [one] within one week
   *[other] within { $count } weeks
}
within-months = { $count ->
    [one] within one month
   *[other] within { $count } months
}

# Pages without a form
to-the-form = Go to the form
to-the-guide = How to complain, and what happens then
to-the-status = Have you complained already? See where your complaint stands.
message-busy = Too many people are sending at this moment
    .text = Your complaint has not been received yet. Please wait a moment and reload this page: your browser then sends what you typed again.
message-unreadable = This form could not be read
    .text = Your complaint has not been received. Please go back in your browser and send the form again.
message-wrong-method = This is not possible here
    .text = Complaints are taken by the form on the first page.
message-files-missing = Please choose your files again
    .text = Your files have not been taken in, and nothing was recorded. Please choose them again and send once more.
message-no-such-form = There is no such form
    .text = The address of this page may be wrong. You can make your complaint with our general form.
message-too-large = This is more than we can take at once
    .text = Your complaint has not been received. Please go back in your browser, shorten the text or leave files away, and send the form again.
message-too-many-fields = This form has more fields than we can take
    .text = Your complaint has not been received. Please open the first page again and send the form from there.
message-too-slow = Your connection was too slow
    .text = Your complaint has not been received. Please go back in your browser and send the form again.
message-unavailable = We cannot look this up at this moment
    .text = Nothing was recorded. Please wait a moment and reload this page: your browser then sends what you typed again.
message-too-many-tries = Too many tries
    .text = Nothing was recorded. Please wait a minute and reload this page: your browser then sends what you typed again.
message-not-added = We could not confirm that this was recorded
    .text = Nothing you typed is lost. Please wait a moment and press “{ add-send }” again: sending again is safe, it will not be recorded twice.
message-sent-before = This form was sent before, with other words
    .text = What was sent before is on record. If you want to add these words too, press “{ add-send }” again.

# Staff intake: the pages of clerks
staff-sign-in = Sign in
staff-sign-in-introduction = For staff who type in complaints that came by letter, in person or by telephone.
staff-account = Account
staff-password = Password
staff-signed-in = Signed in as
staff-sign-out = Sign out
staff-no-match = Account and password do not belong together
    .text = Please check both, and whether capitals are locked.
staff-too-many-tries = Too many tries
    .text = Please wait a minute, then sign in again.
staff-busy = Too many people sign in at this moment
    .text = Please wait a moment, then sign in again.
staff-elsewhere = Please sign in yourself
    .text = Another website sent this. Nobody was signed in.
staff-signed-out = You are signed out
    .text = Close this window if others use this computer.
staff-title = Type in a complaint
staff-introduction = Use the words of the person who complains. The questions stand here as they are put to the public.
staff-callers = Open complaints of this caller
staff-callers-none = None from this number.
staff-forms = Forms
staff-how = How it came
staff-channel = How did it reach us?
staff-channel-letter = By letter
staff-channel-in_person = In person
staff-channel-phone = By telephone
staff-counter = Where did it come in?
staff-received-at = When did it reach us?
staff-received-at-hint = For a letter the date stamp. Deadlines run from this time.
staff-backdating-reason = Why is it written down only now?
staff-backdating-reason-hint = Only if it reached us more than a day ago.
staff-arrival = How exactly did it come?
staff-arrival-hint = For example registered letter, counter in the town hall.
staff-call = Which telephone call is it about?
staff-call-hint = Its id in the telephone system, when you know it; the call and what was recorded of it are kept with this note.
staff-read-back = I read this back, and they confirmed it.
staff-postal-address = Postal address
staff-identity-checked = I checked who they are, and that this is their address.
staff-record = Record complaint
staff-error-time = This is not a date with a time. It should look like 2026-03-02 10:30.
staff-error-future = This time has not come yet.
staff-error-too-long-ago = This is more than { $max } days ago. Please check the year.
staff-error-reason = Please say why it is written down only now.
staff-error-nobody = Please give the address that you checked.
notice-signed-out = You are signed out, and nothing was recorded yet
    .text = Everything you typed is still here. Sign in in another tab, then press “{ staff-record }” again.
staff-receipt-title = The complaint is on record
staff-receipt-keep = Please print this page and hand it over, or send it. The reference says which complaint it is; together with the receipt code it shows that the complaint is theirs.
staff-status-at = Where it stands can be seen at
staff-another = Type in another complaint

# For those who were told of an escalation
escalation-waits = A deadline has passed
    .text = Do you look after this now? Then the next step of the escalation is not told of it. Unless it is done by then, the step after that one is told.
escalation-acknowledged = Somebody looks after it
    .text = The next step of the escalation is not told of it. Unless it is done by then, the step after that one is told.
escalation-over = Nothing is left to do here
    .text = It was done meanwhile, or its deadline changed.
escalation-reference = Complaint
escalation-what = What is overdue
escalation-due = It was due
escalation-send = I look after it
message-no-such-escalation = There is no such link
    .text = It leads to nothing here. Perhaps it was not copied whole.
