skip = Aller au contenu
languages = Langue
month = { $month ->
    [1] janvier
    [2] février
    [3] mars
    [4] avril
    [5] mai
    [6] juin
    [7] juillet
    [8] août
    [9] septembre
    [10] octobre
    [11] novembre
   *[12] décembre
}
date = { $day } { $month } { $year }
date-time = { $day } { $month } { $year } à { $time } ({ $zone })

form-title = Faire une réclamation
form-introduction = Dites-nous ce qui n’a pas été. Chaque réclamation est lue, et elle ne vous coûte rien.
please-check = À vérifier :
form-errors = Veuillez vérifier votre réclamation. Elle n’a pas encore été envoyée.
error-mark = Erreur :
what-happened = Que s’est-il passé ?
what-happened-hint = Avec vos propres mots : ce qui n’a pas été, quand et où.
remedy = Qu’attendez-vous de nous ?
remedy-hint = Par exemple une explication, des excuses, une réparation ou un remboursement.
product = Produit ou service
order-number = Numéro de commande ou de client
category = De quoi s’agit-il ?
location = Où cela s’est-il passé ?
choose = Veuillez choisir
required-mark = (obligatoire)
reach = Comment pouvons-nous vous joindre ?
reach-hint = Indiquez une adresse e-mail ou un numéro de téléphone, ou les deux.
reach-anonymous-hint = Vous pouvez laisser ceci vide. Sans adresse e-mail ni numéro de téléphone, nous ne pouvons pas vous répondre.
name = Votre nom
email = Adresse e-mail
email-hint = Nous confirmons par e-mail que votre réclamation est arrivée.
phone = Numéro de téléphone
language = Dans quelle langue devons-nous répondre ?
no-preference = Sans préférence
files = Fichiers, par exemple photos ou lettres
files-hint = Au plus { $files } fichiers de { $each } Mo chacun, { $total } Mo en tout.
files-again = Les fichiers doivent être choisis à nouveau.
sending = Envoi en cours
sending-broken = La connexion a été coupée. Rien de ce que vous avez écrit n’est perdu : veuillez renvoyer.
needs = Avez-vous besoin de quelque chose de particulier ?
needs-hint = Seulement si cela vous aide. Ce que vous écrivez ici sert uniquement à traiter votre réclamation.
accessibility = Comment devons-nous vous écrire ou vous parler ?
accessibility-hint = Par exemple en gros caractères, en mots simples, par téléphone, avec un interprète en langue des signes.
representative = Réclamez-vous pour quelqu’un d’autre ?
representative-hint = Veuillez dire pour qui, et quel est votre lien. Nous demanderons peut-être son accord.
circumstances = Devons-nous savoir quelque chose sur votre situation ?
circumstances-hint = Par exemple une maladie, un deuil, des soucis d’argent, ou une urgence.
consent = J’accepte que mes indications soient utilisées pour traiter ma réclamation.
trap = Veuillez laisser ce champ vide
send = Envoyer la réclamation
send-as-addition = L’ajouter à la réclamation déjà reçue

error-missing = Dites-nous ce qui s’est passé.
error-required = Veuillez remplir ce champ.
error-not-agreed = Veuillez cocher cette case, afin que nous puissions traiter votre réclamation.
error-not-choice = Veuillez choisir une des réponses.
error-no-way-to-answer = Indiquez une adresse e-mail ou un numéro de téléphone, pour que nous puissions vous répondre.
error-too-long = Ce texte compte { $chars } caractères ; { $max } au plus sont possibles. Veuillez le raccourcir.
error-not-email = Ce n’est pas une adresse e-mail. Elle devrait ressembler à name@example.com.
error-not-phone = Ce n’est pas un numéro de téléphone. Il devrait ressembler à +44 20 7946 0958.
error-not-language = Ce n’est pas un code de langue comme « en » ou « pt-BR ».
error-unknown = Ce champ n’existe pas.
error-repeated = Ceci a été indiqué plus d’une fois.
error-not-text = Ceci doit être un texte.
error-too-many-files = Veuillez choisir au plus { $max } fichiers.
error-file-too-large = Un fichier peut avoir { $max } Mo au plus. Veuillez en choisir un plus petit, ou l’envoyer par courriel.
error-files-too-large = Tous les fichiers ensemble peuvent avoir { $max } Mo au plus. Veuillez en choisir moins ou de plus petits.
error-file-type = Nous ne pouvons pas accepter ce type de fichier. Images, PDF, textes, son et vidéo sont acceptés.
error-file-empty = Ce fichier est vide.

notice-too-soon = Veuillez l’envoyer encore une fois
    .text = Le formulaire est revenu plus vite que nous ne l’attendons d’une personne. Rien n’est perdu : vérifiez-le et choisissez de nouveau « { send } ».
notice-expired = Veuillez l’envoyer encore une fois
    .text = Cette page est restée longtemps ouverte. Rien n’est perdu : choisissez de nouveau « { send } ».
notice-unsigned = Veuillez l’envoyer encore une fois
    .text = Nous n’avons pas reconnu cet exemplaire du formulaire. Rien n’est perdu : vérifiez-le et choisissez de nouveau « { send } » dans quelques secondes.
notice-trap = Veuillez l’envoyer encore une fois
    .text = Un champ caché était rempli, peut-être par un programme qui remplit les formulaires à votre place. Il est de nouveau vide : choisissez encore une fois « { send } ».
notice-not-recorded = Nous n’avons pas pu confirmer que votre réclamation a été enregistrée
    .text = Rien n’est perdu. Attendez un instant et choisissez de nouveau « { send } » : c’est sans risque, votre réclamation ne sera pas comptée deux fois.
notice-too-often = Trop d’envois viennent de votre connexion
    .text = Rien de ce que vous avez écrit n’est perdu. Attendez une minute et choisissez de nouveau « { send } ».
notice-files-missing = Veuillez choisir vos fichiers à nouveau
    .text = Vos fichiers n’ont pas été reçus, et rien n’est encore enregistré. Tout ce que vous avez écrit est encore là : veuillez choisir les fichiers à nouveau et appuyer sur « { send } ».
notice-elsewhere = Veuillez vérifier et envoyer vous-même
    .text = C’est un autre site web qui a envoyé ceci. Rien n’est encore enregistré : si ce sont vos mots, veuillez les vérifier et appuyer sur « { send } ».
notice-other-words = Ce formulaire a déjà été envoyé, avec d’autres mots
    .text = Ce qui a été envoyé auparavant est enregistré et ne change pas. Vous pouvez y ajouter ces mots, ou les envoyer comme une réclamation à part.

thanks-title = Nous avons reçu votre réclamation
received = Reçue le
reference = Votre référence
receipt-code = Votre code de réception
thanks-keep = Veuillez imprimer ou enregistrer cette page. Indiquez la référence chaque fois que vous nous contactez au sujet de cette réclamation. Gardez le code de réception pour vous : avec la référence, il montre que la réclamation est la vôtre.
next = Et maintenant
next-1 = Nous confirmons que votre réclamation est arrivée et vous disons jusqu’à quand nous répondrons. Si vous nous avez donné une adresse e-mail, la confirmation arrive par e-mail.
next-2 = Quelqu’un examine ce qui s’est passé et vous interroge si quelque chose n’est pas clair.
next-3 = Nous vous disons ce que nous avons décidé et pourquoi, et ce que vous pouvez faire si vous n’êtes pas d’accord. Cela ne vous coûte rien.
told = Ce que vous nous avez dit
told-remedy = Ce que vous attendez de nous

status-title = Voir où en est votre réclamation
status-introduction = Indiquez la référence et le code de réception de la page ou de l’e-mail qui a confirmé votre réclamation.
status-reference-hint = Par exemple RD-4F7K-2QMX.
status-code-hint = Les 26 lettres et chiffres sous la référence. Les majuscules et les espaces n’ont pas d’importance.
status-see = Voir où elle en est
status-no-match = Ces deux indications ne vont pas ensemble
    .text = Nous ne connaissons aucune réclamation avec cette référence et ce code de réception. Vérifiez les deux : ils figurent sur la page ou dans l’e-mail qui a confirmé votre réclamation.
status-heading = Où en est votre réclamation
status-team = Elle est traitée par
status-expected = Ce qui vient ensuite, et pour quand
status-late = Nous sommes en retard et vous prions de nous en excuser.
status-steps = Ce qui s’est passé jusqu’ici
now-not-registered = Votre réclamation est arrivée et va être enregistrée. Revenez voir dans quelques minutes.
now-registered = Votre réclamation est enregistrée. Quelqu’un va s’en charger.
now-in-assessment = Quelqu’un s’est chargé de votre réclamation et regarde de quoi il s’agit.
now-in-investigation = Quelqu’un examine ce qui s’est passé.
now-response-proposed = Quelqu’un a examiné ce qui s’est passé, et une réponse est en préparation.
now-awaiting-you = Nous vous avons demandé une réponse. Si vous l’avez déjà donnée, il n’y a plus rien à faire ; sinon, vous pouvez la donner ci-dessous.
now-held = Nous attendons quelqu’un d’extérieur à notre organisation avant de pouvoir continuer.
now-decided = Nous avons pris une décision. Elle vous est communiquée, avec ses raisons.
now-closed = Votre réclamation est close.
now-closed-decided = Votre réclamation est close : nous vous avons communiqué notre décision et ses raisons.
now-closed-withdrawn = Votre réclamation est close, car vous l’avez retirée.
now-closed-duplicate = Nous la traitons avec une autre réclamation que vous avez faite.
now-closed-not-a-complaint = Nous avons traité votre demande autrement que comme une réclamation.
now-closed-referred = Votre réclamation est close ici, car quelqu’un d’autre en est responsable.
now-closed-no-contact = Votre réclamation est close, car nous n’avons pas pu vous joindre.
due-acknowledge = Nous confirmons que votre réclamation est arrivée
due-final-response = Nous vous communiquons notre décision
due-review-reply = Nous répondons à ce que vous avez écrit après la clôture
step-received = Nous avons reçu votre réclamation.
step-added = Nous avons reçu un complément de votre part.
step-acknowledged = Nous avons confirmé qu’elle est arrivée.
step-holding = Nous vous avons dit que cela prend plus de temps.
step-final = Nous vous avons communiqué notre décision.
step-wrote = Nous vous avons écrit.
step-not-delivered = Un message qui vous était destiné n’a pas pu être remis.
step-decided = Nous avons pris une décision.
step-closed = Votre réclamation a été close.
messages-title = Ce que nous vous avons écrit
messages-missing = Tous les messages que nous vous avons envoyés ne peuvent pas être affichés ici. Les dates de nos envois figurent plus haut, dans ce qui s’est passé jusqu’ici.
add-title = Ajouter quelque chose
add-introduction = Ce que vous écrivez ici est ajouté à votre réclamation.
add-introduction-closed = Si vous n’êtes pas d’accord ou si quelque chose a changé, écrivez-le ici : quelqu’un l’examinera de nouveau et vous répondra.
add-text = Que souhaitez-vous ajouter ?
add-send = Ajouter
add-errors = Vérifiez ce que vous avez écrit. Ce n’est pas encore envoyé.
add-missing = Écrivez ce que vous souhaitez ajouter.
added = Nous avons reçu ce que vous avez ajouté
    .text = Quelqu’un va le lire.
acts-title = Ce que vous pouvez faire d’autre
act-withdraw = Retirer la réclamation
act-withdraw-title = Souhaitez-vous retirer votre réclamation ?
act-withdraw-means = Nous la clôturons alors et n’entreprenons plus rien. Ce que vous avez envoyé reste enregistré, et vous pouvez nous demander sur cette page de la réexaminer.
act-withdraw-seen = Ce que vous nous avez signalé peut aussi concerner d’autres personnes. Si vous retirez votre réclamation, quelqu’un l’examine avant qu’elle soit clôturée.
act-withdraw-send = Oui, la retirer
act-review = Demander un réexamen
act-review-title = Souhaitez-vous que votre réclamation soit réexaminée ?
act-review-means = Votre réclamation est rouverte. Quelqu’un l’examine une nouvelle fois, si possible une autre personne qu’auparavant, et vous informe du résultat. Cela ne vous coûte rien.
act-review-send = Oui, demander un réexamen
act-text = Si vous le souhaitez, dites-nous pourquoi
act-back = Non, revenir
withdrawn = Nous avons bien reçu le retrait de votre réclamation
    .text = Elle sera clôturée dans un instant. Revenez voir cette page dans quelques minutes.
withdrawal-seen = Nous avons bien reçu le retrait de votre réclamation
    .text = Ce que vous nous avez signalé peut aussi concerner d’autres personnes : quelqu’un l’examine avant qu’elle soit clôturée.
review-requested = Nous avons bien reçu votre demande de réexamen
    .text = Votre réclamation sera rouverte dans un instant. Revenez voir cette page dans quelques minutes.
now-under-review = Nous réexaminons votre réclamation, comme vous l’avez demandé.
now-withdrawal = Vous nous avez dit que vous retirez votre réclamation. Quelqu’un l’examine avant qu’elle soit clôturée.
step-withdrawal = Vous nous avez dit que vous la retirez.
step-review = Vous avez demandé un réexamen.
message-act-not-recorded = Nous n’avons pas pu confirmer que ceci a été enregistré
    .text = Rien de ce que vous avez écrit n’est perdu. Veuillez patienter un instant et appuyer de nouveau sur le bouton : cela ne présente aucun risque, ce ne sera pas enregistré deux fois.
message-act-sent-before = Ceci a déjà été envoyé, avec d’autres mots
    .text = Ce qui a été envoyé auparavant est enregistré. Si vous souhaitez aussi envoyer ces mots, appuyez de nouveau sur le bouton.

guide-title = Comment faire une réclamation
guide-introduction = Toute personne peut faire une réclamation, par chacun de ces moyens. C’est gratuit, et personne n’en sera moins bien traité.
guide-ways = Moyens de faire une réclamation
guide-form = Avec le formulaire de ce site
guide-mail = Par courriel à
guide-help = Une personne de confiance peut faire la réclamation pour vous. Dites-nous si vous avez besoin de quelque chose pour la faire, ou d’une réponse sous une autre forme.
guide-limits = Nos délais
guide-disagree = Si vous n’êtes pas d’accord
    .text = Dites-le-nous, par l’un de ces moyens ou sur la page de suivi : quelqu’un l’examinera de nouveau et vous répondra.
within-minutes = { $count ->
    [one] sous une minute
   *[other] sous { $count } minutes
}
within-hours = { $count ->
    [one] sous une heure
   *[other] sous { $count } heures
}
within-working-minutes = { $count ->
    [one] sous une minute ouvrée
   *[other] sous { $count } minutes ouvrées
}
within-working-hours = { $count ->
    [one] sous une heure ouvrée
   *[other] sous { $count } heures ouvrées
}
within-working-days = { $count ->
    [one] sous un jour ouvré
   *[other] sous { $count } jours ouvrés
}
within-days = { $count ->
    [one] sous un jour
   *[other] sous { $count } jours
}
within-weeks = { $count ->
    [one] sous une semaine
   *[other] sous { $count } semaines
}
within-months = { $count ->
    [one] sous un mois
   *[other] sous { $count } mois
}

to-the-form = Aller au formulaire
to-the-guide = Comment faire une réclamation, et ce qui se passe ensuite
to-the-status = Vous avez déjà fait une réclamation ? Voyez où elle en est.
message-busy = Trop de personnes envoient en ce moment
    .text = Votre réclamation n’est pas encore arrivée. Attendez un instant et rechargez cette page : votre navigateur enverra de nouveau ce que vous avez écrit.
message-unreadable = Ce formulaire n’a pas pu être lu
    .text = Votre réclamation n’est pas arrivée. Revenez en arrière dans votre navigateur et envoyez de nouveau le formulaire.
message-wrong-method = Ce n’est pas possible ici
    .text = Les réclamations se font avec le formulaire de la première page.
message-files-missing = Veuillez choisir vos fichiers à nouveau
    .text = Vos fichiers n’ont pas été reçus, et rien n’a été enregistré. Veuillez les choisir à nouveau et renvoyer.
message-no-such-form = Ce formulaire n’existe pas
    .text = L’adresse de cette page est peut-être fausse. Vous pouvez réclamer avec notre formulaire général.
message-too-large = C’est plus que nous ne pouvons recevoir en une fois
    .text = Votre réclamation n’est pas arrivée. Revenez en arrière dans votre navigateur, raccourcissez le texte ou retirez des fichiers, puis envoyez de nouveau le formulaire.
message-too-many-fields = Ce formulaire a plus de champs que nous ne pouvons en recevoir
    .text = Votre réclamation n’est pas arrivée. Ouvrez de nouveau la première page et envoyez le formulaire depuis là.
message-too-slow = Votre connexion était trop lente
    .text = Votre réclamation n’est pas arrivée. Revenez en arrière dans votre navigateur et envoyez de nouveau le formulaire.
message-unavailable = Nous ne pouvons pas consulter cela en ce moment
    .text = Rien n’a été enregistré. Attendez un instant et rechargez cette page : votre navigateur enverra de nouveau ce que vous avez écrit.
message-too-many-tries = Trop d’essais
    .text = Rien n’a été enregistré. Attendez une minute et rechargez cette page : votre navigateur enverra de nouveau ce que vous avez écrit.
message-not-added = Nous n’avons pas pu confirmer que cela a été enregistré
    .text = Rien de ce que vous avez écrit n’est perdu. Attendez un instant et choisissez de nouveau « { add-send } » : c’est sans risque, cela ne sera pas enregistré deux fois.
message-sent-before = Ce formulaire a déjà été envoyé, avec d’autres mots
    .text = Ce qui a été envoyé avant est enregistré. Si vous voulez ajouter aussi ces mots, choisissez de nouveau « { add-send } ».

# Staff intake: the pages of clerks
staff-sign-in = Se connecter
staff-sign-in-introduction = Pour le personnel qui saisit les réclamations reçues par courrier, au guichet ou par téléphone.
staff-account = Compte
staff-password = Mot de passe
staff-signed-in = Connecté en tant que
staff-sign-out = Se déconnecter
staff-no-match = Le compte et le mot de passe ne correspondent pas
    .text = Veuillez vérifier les deux, ainsi que le verrouillage des majuscules.
staff-too-many-tries = Trop de tentatives
    .text = Veuillez attendre une minute, puis vous reconnecter.
staff-busy = Trop de personnes se connectent en ce moment
    .text = Veuillez patienter un instant, puis vous reconnecter.
staff-elsewhere = Veuillez vous connecter vous-même
    .text = Un autre site a envoyé ceci. Personne n’a été connecté.
staff-signed-out = Vous êtes déconnecté
    .text = Fermez cette fenêtre si d’autres personnes utilisent cet ordinateur.
staff-title = Saisir une réclamation
staff-introduction = Reprenez les mots de la personne qui réclame. Les questions figurent ici telles qu’elles sont posées au public.
staff-callers = Réclamations en cours de cet appelant
staff-callers-none = Aucune depuis ce numéro.
staff-forms = Formulaires
staff-how = Comment elle est arrivée
staff-channel = Par quel moyen nous est-elle parvenue ?
staff-channel-letter = Par courrier
staff-channel-in_person = En personne
staff-channel-phone = Par téléphone
staff-counter = Où est-elle arrivée ?
staff-received-at = Quand nous est-elle parvenue ?
staff-received-at-hint = Pour un courrier, le cachet de réception. Les délais courent à partir de ce moment.
staff-backdating-reason = Pourquoi n’est-elle saisie que maintenant ?
staff-backdating-reason-hint = Seulement si elle nous est parvenue il y a plus d’un jour.
staff-arrival = Comment est-elle arrivée exactement ?
staff-arrival-hint = Par exemple lettre recommandée, guichet de la mairie.
staff-call = De quel appel s’agit-il ?
staff-call-hint = Son identifiant dans le système téléphonique, si vous le connaissez ; l’appel et ce qui en a été enregistré sont conservés avec cette note.
staff-read-back = J’ai relu ce texte à la personne, qui l’a confirmé.
staff-postal-address = Adresse postale
staff-identity-checked = J’ai vérifié qui est la personne et que cette adresse est la sienne.
staff-record = Enregistrer la réclamation
staff-error-time = Ce n’est pas une date avec une heure. Elle doit ressembler à 2026-03-02 10:30.
staff-error-future = Ce moment n’est pas encore venu.
staff-error-too-long-ago = Cela remonte à plus de { $max } jours. Veuillez vérifier l’année.
staff-error-reason = Veuillez indiquer pourquoi elle n’est saisie que maintenant.
staff-error-nobody = Veuillez indiquer l’adresse que vous avez vérifiée.
notice-signed-out = Vous êtes déconnecté et rien n’a encore été enregistré
    .text = Tout ce que vous avez saisi est encore là. Connectez-vous dans un autre onglet, puis appuyez de nouveau sur « { staff-record } ».
staff-receipt-title = La réclamation est enregistrée
staff-receipt-keep = Veuillez imprimer cette page et la remettre, ou l’envoyer. La référence dit de quelle réclamation il s’agit ; avec le code de réception, elle montre à qui elle appartient.
staff-status-at = Son avancement peut être consulté sur
staff-another = Saisir une autre réclamation

# For those who were told of an escalation
escalation-waits = Un délai est dépassé
    .text = Vous en occupez-vous maintenant ? Alors le niveau suivant de l’escalade n’en est pas averti. Si ce n’est pas fait d’ici là, le niveau d’après le sera.
escalation-acknowledged = Quelqu’un s’en occupe
    .text = Le niveau suivant de l’escalade n’en est pas averti. Si ce n’est pas fait d’ici là, le niveau d’après le sera.
escalation-over = Il n’y a plus rien à faire ici
    .text = Cela a été fait entre-temps, ou le délai a changé.
escalation-reference = Réclamation
escalation-what = Ce qui est en retard
escalation-due = Échéance
escalation-send = Je m’en occupe
message-no-such-escalation = Ce lien n’existe pas
    .text = Il ne mène à rien ici. Peut-être n’a-t-il pas été copié en entier.
