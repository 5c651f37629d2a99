skip = Ir al contenido
languages = Idioma
month = { $month ->
    [1] enero
    [2] febrero
    [3] marzo
    [4] abril
    [5] mayo
    [6] junio
    [7] julio
    [8] agosto
    [9] septiembre
    [10] octubre
    [11] noviembre
   *[12] diciembre
}
date = { $day } de { $month } de { $year }
date-time = { $day } de { $month } de { $year }, { $time } ({ $zone })

form-title = Presentar una reclamación
form-introduction = Cuéntenos qué ha salido mal. Leemos todas las reclamaciones, y presentar una es gratuito.
please-check = Revise:
form-errors = Revise su reclamación. Todavía no se ha enviado.
error-mark = Error:
what-happened = ¿Qué ha pasado?
what-happened-hint = Con sus propias palabras: qué ha salido mal, cuándo y dónde.
remedy = ¿Qué quiere que hagamos?
remedy-hint = Por ejemplo una explicación, una disculpa, una reparación o la devolución del dinero.
product = Producto o servicio
order-number = Número de pedido o de cliente
category = ¿De qué se trata?
location = ¿Dónde ocurrió?
choose = Elija, por favor
required-mark = (obligatorio)
reach = ¿Cómo podemos comunicarnos con usted?
reach-hint = Indique una dirección de correo electrónico o un número de teléfono, o ambos.
reach-anonymous-hint = Puede dejarlo vacío. Sin dirección de correo electrónico ni número de teléfono no podemos responderle.
name = Su nombre
email = Correo electrónico
email-hint = Confirmamos por correo electrónico que su reclamación ha llegado.
phone = Número de teléfono
language = ¿En qué idioma debemos responderle?
no-preference = Sin preferencia
files = Archivos, por ejemplo fotos o cartas
files-hint = Como máximo { $files } archivos de { $each } MB cada uno, { $total } MB en total.
files-again = Hay que elegir los archivos otra vez.
sending = Enviando
sending-broken = Se cortó la conexión. No se ha perdido nada de lo que escribió: envíelo otra vez.
needs = ¿Necesita algo en particular de nosotros?
needs-hint = Solo si le ayuda. Lo que escriba aquí se usa únicamente para tratar su reclamación.
accessibility = ¿Cómo debemos escribirle o hablarle?
accessibility-hint = Por ejemplo con letra grande, con palabras sencillas, por teléfono, con intérprete de lengua de signos.
representative = ¿Reclama usted por otra persona?
representative-hint = Diga por quién y qué relación tienen. Tal vez le pidamos su consentimiento.
circumstances = ¿Hay algo de su situación que debamos saber?
circumstances-hint = Por ejemplo una enfermedad, un duelo, problemas de dinero, o que es urgente para usted.
consent = Acepto que lo que cuento aquí se use para tratar mi reclamación.
trap = Deje este campo vacío
send = Enviar la reclamación
send-as-addition = Añadirlo a la reclamación ya recibida

error-missing = Cuéntenos qué ha pasado.
error-required = Rellene este campo, por favor.
error-not-agreed = Marque esta casilla, para que podamos tratar su reclamación.
error-not-choice = Elija una de las respuestas.
error-no-way-to-answer = Indique una dirección de correo electrónico o un número de teléfono para que podamos responderle.
error-too-long = Tiene { $chars } caracteres; se admiten { $max } como máximo. Acórtelo, por favor.
error-not-email = No es una dirección de correo electrónico. Debería ser como name@example.com.
error-not-phone = No es un número de teléfono. Debería ser como +44 20 7946 0958.
error-not-language = No es un código de idioma como «en» o «pt-BR».
error-unknown = Este campo no existe.
error-repeated = Se ha indicado más de una vez.
error-not-text = Debe ser un texto.
error-too-many-files = Elija como máximo { $max } archivos.
error-file-too-large = Un archivo puede tener { $max } MB como máximo. Elija uno más pequeño o envíelo por correo electrónico.
error-files-too-large = Todos los archivos juntos pueden tener { $max } MB como máximo. Elija menos o más pequeños.
error-file-type = No podemos aceptar este tipo de archivo. Se aceptan imágenes, PDF, textos, sonido y vídeo.
error-file-empty = Este archivo está vacío.

notice-too-soon = Envíelo otra vez, por favor
    .text = El formulario ha vuelto antes de lo que esperamos de una persona. No se ha perdido nada: revíselo y elija «{ send }» de nuevo.
notice-expired = Envíelo otra vez, por favor
    .text = Esta página ha estado abierta mucho tiempo. No se ha perdido nada: elija «{ send }» de nuevo.
notice-unsigned = Envíelo otra vez, por favor
    .text = No hemos reconocido esta copia del formulario. No se ha perdido nada: revíselo y elija «{ send }» de nuevo dentro de unos segundos.
notice-trap = Envíelo otra vez, por favor
    .text = Un campo oculto estaba relleno, quizá por un programa que rellena formularios por usted. Vuelve a estar vacío: elija «{ send }» una vez más.
notice-not-recorded = No hemos podido confirmar que su reclamación quedó registrada
    .text = No se ha perdido nada. Espere un momento y elija «{ send }» de nuevo: no hay riesgo, su reclamación no se contará dos veces.
notice-too-often = Se ha enviado demasiado desde su conexión
    .text = No se ha perdido nada de lo que escribió. Espere un minuto y elija de nuevo «{ send }».
notice-files-missing = Elija sus archivos otra vez
    .text = No hemos recibido sus archivos y todavía no se ha registrado nada. Todo lo que escribió sigue aquí: elija los archivos otra vez y pulse «{ send }».
notice-elsewhere = Compruébelo y envíelo usted
    .text = Esto lo ha enviado otro sitio web. Todavía no se ha registrado nada: si estas son sus palabras, compruébelas y pulse «{ send }».
notice-other-words = Este formulario ya se envió antes, con otras palabras
    .text = Lo que se envió antes está registrado y no cambia. Puede añadirle estas palabras, o enviarlas como una reclamación aparte.

thanks-title = Hemos recibido su reclamación
received = Recibida el
reference = Su referencia
receipt-code = Su código de recepción
thanks-keep = Imprima o guarde esta página. Indique la referencia siempre que se comunique con nosotros sobre esta reclamación. No comparta el código de recepción: junto con la referencia demuestra que la reclamación es suya.
next = Qué pasa ahora
next-1 = Confirmamos que su reclamación ha llegado y le decimos cuándo responderemos como muy tarde. Si nos ha dado un correo electrónico, la confirmación llega por correo.
next-2 = Alguien examina lo que ha pasado y le pregunta si algo no está claro.
next-3 = Le decimos qué hemos decidido y por qué, y qué puede hacer si no está de acuerdo. No le cuesta nada.
told = Lo que nos ha contado
told-remedy = Lo que quiere que hagamos

status-title = Consultar el estado de su reclamación
status-introduction = Indique la referencia y el código de recepción de la página o del correo que confirmó su reclamación.
status-reference-hint = Por ejemplo, RD-4F7K-2QMX.
status-code-hint = Las 26 letras y cifras que figuran debajo de la referencia. Las mayúsculas y los espacios no importan.
status-see = Consultar el estado
status-no-match = Estos datos no corresponden entre sí
    .text = No conocemos ninguna reclamación con esta referencia y este código de recepción. Compruebe ambos: figuran en la página o en el correo que confirmó su reclamación.
status-heading = El estado de su reclamación
status-team = La atiende
status-expected = Qué viene ahora y cuándo
status-late = Vamos con retraso y lo lamentamos.
status-steps = Qué ha pasado hasta ahora
now-not-registered = Su reclamación ha llegado y se está registrando. Vuelva a mirar dentro de unos minutos.
now-registered = Su reclamación está registrada. Alguien se encargará de ella.
now-in-assessment = Alguien se ha hecho cargo de su reclamación y está viendo de qué se trata.
now-in-investigation = Alguien está investigando lo ocurrido.
now-response-proposed = Alguien ha investigado lo ocurrido y se está preparando una respuesta.
now-awaiting-you = Le pedimos una respuesta. Si ya la dio, no tiene que hacer nada más; si no, puede darla más abajo.
now-held = Esperamos a alguien de fuera de nuestra organización antes de poder seguir.
now-decided = Hemos tomado una decisión. Se le comunica, con sus motivos.
now-closed = Su reclamación está cerrada.
now-closed-decided = Su reclamación está cerrada: le hemos comunicado nuestra decisión y sus motivos.
now-closed-withdrawn = Su reclamación está cerrada porque usted la retiró.
now-closed-duplicate = La tratamos junto con otra reclamación suya.
now-closed-not-a-complaint = Hemos tratado su asunto como algo distinto de una reclamación.
now-closed-referred = Su reclamación está cerrada aquí porque el responsable es otro.
now-closed-no-contact = Su reclamación está cerrada porque no pudimos contactar con usted.
due-acknowledge = Confirmamos que su reclamación ha llegado
due-final-response = Le comunicamos nuestra decisión
due-review-reply = Respondemos a lo que escribió después del cierre
step-received = Recibimos su reclamación.
step-added = Recibimos algo más de usted.
step-acknowledged = Confirmamos que ha llegado.
step-holding = Le dijimos que tardaría más.
step-final = Le comunicamos nuestra decisión.
step-wrote = Le escribimos.
step-not-delivered = No se pudo entregar un mensaje dirigido a usted.
step-decided = Tomamos una decisión.
step-closed = Su reclamación se cerró.
messages-title = Lo que le hemos escrito
messages-missing = No todos los mensajes que le hemos enviado pueden mostrarse aquí. Las fechas en que le escribimos figuran arriba, en lo ocurrido hasta ahora.
add-title = Añadir algo
add-introduction = Lo que escriba aquí se añade a su reclamación.
add-introduction-closed = Si no está de acuerdo o si algo ha cambiado, escríbalo aquí: alguien lo verá de nuevo y le responderá.
add-text = ¿Qué desea añadir?
add-send = Añadir
add-errors = Compruebe lo que ha escrito. Todavía no se ha enviado.
add-missing = Escriba lo que desea añadir.
added = Hemos recibido lo que ha añadido
    .text = Alguien lo leerá.
acts-title = Qué más puede hacer
act-withdraw = Retirar la reclamación
act-withdraw-title = ¿Desea retirar su reclamación?
act-withdraw-means = Entonces la cerramos y no hacemos nada más. Lo que envió queda registrado, y en esta página puede pedirnos que la veamos de nuevo.
act-withdraw-seen = Lo que nos contó puede afectar también a otras personas. Si retira su reclamación, alguien la verá antes de que se cierre.
act-withdraw-send = Sí, retirarla
act-review = Pedir una revisión
act-review-title = ¿Desea que su reclamación se vea de nuevo?
act-review-means = Su reclamación se abre de nuevo. Alguien la ve otra vez, si es posible una persona distinta, y le comunica el resultado. No le cuesta nada.
act-review-send = Sí, pedir una revisión
act-text = Si lo desea, díganos por qué
act-back = No, volver
withdrawn = Hemos recibido que retira su reclamación
    .text = Se cerrará en un momento. Vuelva a mirar esta página dentro de unos minutos.
withdrawal-seen = Hemos recibido que retira su reclamación
    .text = Lo que nos contó puede afectar también a otras personas: alguien la verá antes de que se cierre.
review-requested = Hemos recibido que pide una revisión
    .text = Su reclamación se abrirá de nuevo en un momento. Vuelva a mirar esta página dentro de unos minutos.
now-under-review = Estamos viendo su reclamación de nuevo, como pidió.
now-withdrawal = Nos ha dicho que retira su reclamación. Alguien la verá antes de que se cierre.
step-withdrawal = Nos dijo que la retira.
step-review = Pidió una revisión.
message-act-not-recorded = No hemos podido confirmar que esto se haya registrado
    .text = No se ha perdido nada de lo que escribió. Espere un momento y pulse el botón otra vez: puede hacerlo sin riesgo, no se registrará dos veces.
message-act-sent-before = Esto ya se envió, con otras palabras
    .text = Lo que se envió antes está registrado. Si quiere enviar también estas palabras, pulse el botón otra vez.

guide-title = Cómo reclamar
guide-introduction = Cualquier persona puede reclamar por cualquiera de estas vías. No cuesta nada y nadie recibirá peor trato por ello.
guide-ways = Vías para reclamar
guide-form = Con el formulario de este sitio
guide-mail = Por correo electrónico a
guide-help = Una persona de su confianza puede reclamar por usted. Díganos si necesita algo para poder reclamar o una respuesta en otro formato.
guide-limits = Nuestros plazos
guide-disagree = Si no está de acuerdo
    .text = Díganoslo por cualquiera de estas vías o en la página de estado: alguien lo verá de nuevo y le responderá.
within-minutes = { $count ->
    [one] en el plazo de un minuto
   *[other] en el plazo de { $count } minutos
}
within-hours = { $count ->
    [one] en el plazo de una hora
   *[other] en el plazo de { $count } horas
}
within-working-minutes = { $count ->
    [one] en el plazo de un minuto laborable
   *[other] en el plazo de { $count } minutos laborables
}
within-working-hours = { $count ->
    [one] en el plazo de una hora laborable
   *[other] en el plazo de { $count } horas laborables
}
within-working-days = { $count ->
    [one] en el plazo de un día laborable
   *[other] en el plazo de { $count } días laborables
}
within-days = { $count ->
    [one] en el plazo de un día
   *[other] en el plazo de { $count } días
}
within-weeks = { $count ->
    [one] en el plazo de una semana
   *[other] en el plazo de { $count } semanas
}
within-months = { $count ->
    [one] en el plazo de un mes
   *[other] en el plazo de { $count } meses
}

to-the-form = Ir al formulario
to-the-guide = Cómo reclamar y qué pasa después
to-the-status = ¿Ya ha reclamado? Consulte el estado de su reclamación.
message-busy = En este momento están enviando demasiadas personas
    .text = Su reclamación todavía no ha llegado. Espere un momento y vuelva a cargar esta página: su navegador enviará otra vez lo que ha escrito.
message-unreadable = No se ha podido leer este formulario
    .text = Su reclamación no ha llegado. Vuelva atrás en su navegador y envíe el formulario de nuevo.
message-wrong-method = Esto no es posible aquí
    .text = Las reclamaciones se presentan con el formulario de la primera página.
message-files-missing = Elija sus archivos otra vez
    .text = No hemos recibido sus archivos y no se ha registrado nada. Elíjalos otra vez y vuelva a enviar.
message-no-such-form = Este formulario no existe
    .text = Tal vez la dirección de esta página no sea correcta. Puede reclamar con nuestro formulario general.
message-too-large = Es más de lo que podemos recibir de una vez
    .text = Su reclamación no ha llegado. Vuelva atrás en su navegador, acorte el texto o quite archivos, y envíe el formulario de nuevo.
message-too-many-fields = Este formulario tiene más campos de los que podemos recibir
    .text = Su reclamación no ha llegado. Abra de nuevo la primera página y envíe el formulario desde allí.
message-too-slow = Su conexión era demasiado lenta
    .text = Su reclamación no ha llegado. Vuelva atrás en su navegador y envíe el formulario de nuevo.
message-unavailable = No podemos consultarlo en este momento
    .text = No se ha registrado nada. Espere un momento y vuelva a cargar esta página: su navegador enviará de nuevo lo que escribió.
message-too-many-tries = Demasiados intentos
    .text = No se ha registrado nada. Espere un minuto y vuelva a cargar esta página: su navegador enviará de nuevo lo que escribió.
message-not-added = No pudimos confirmar que esto se haya registrado
    .text = No se ha perdido nada de lo que escribió. Espere un momento y elija de nuevo «{ add-send }»: no hay riesgo, no se registrará dos veces.
message-sent-before = Este formulario ya se envió, con otras palabras
    .text = Lo que se envió antes está registrado. Si quiere añadir también estas palabras, elija de nuevo «{ add-send }».

# Staff intake: the pages of clerks
staff-sign-in = Iniciar sesión
staff-sign-in-introduction = Para el personal que registra reclamaciones recibidas por carta, en persona o por teléfono.
staff-account = Cuenta
staff-password = Contraseña
staff-signed-in = Sesión iniciada como
staff-sign-out = Cerrar sesión
staff-no-match = La cuenta y la contraseña no se corresponden
    .text = Compruebe ambas y si están bloqueadas las mayúsculas.
staff-too-many-tries = Demasiados intentos
    .text = Espere un minuto y vuelva a iniciar sesión.
staff-busy = En este momento inician sesión demasiadas personas
    .text = Espere un momento y vuelva a iniciar sesión.
staff-elsewhere = Inicie sesión usted mismo
    .text = Otro sitio web envió esto. No se ha iniciado ninguna sesión.
staff-signed-out = Ha cerrado la sesión
    .text = Cierre esta ventana si otras personas usan este ordenador.
staff-title = Registrar una reclamación
staff-introduction = Use las palabras de la persona que reclama. Las preguntas aparecen aquí tal como se hacen al público.
staff-callers = Reclamaciones abiertas de quien llama
staff-callers-none = Ninguna desde este número.
staff-forms = Formularios
staff-how = Cómo llegó
staff-channel = ¿Por qué vía nos llegó?
staff-channel-letter = Por carta
staff-channel-in_person = En persona
staff-channel-phone = Por teléfono
staff-counter = ¿Dónde se recibió?
staff-received-at = ¿Cuándo nos llegó?
staff-received-at-hint = En una carta, el sello de entrada. Los plazos cuentan desde este momento.
staff-backdating-reason = ¿Por qué se registra solo ahora?
staff-backdating-reason-hint = Solo si nos llegó hace más de un día.
staff-arrival = ¿Cómo llegó exactamente?
staff-arrival-hint = Por ejemplo carta certificada, ventanilla del ayuntamiento.
staff-call = ¿De qué llamada se trata?
staff-call-hint = Su identificador en la centralita, si lo conoce; la llamada y lo que se grabó de ella se guardan con esta nota.
staff-read-back = Se lo leí a la persona y lo confirmó.
staff-postal-address = Dirección postal
staff-identity-checked = He comprobado quién es la persona y que esta es su dirección.
staff-record = Registrar la reclamación
staff-error-time = Esto no es una fecha con hora. Debe tener la forma 2026-03-02 10:30.
staff-error-future = Ese momento todavía no ha llegado.
staff-error-too-long-ago = De eso hace más de { $max } días. Compruebe el año.
staff-error-reason = Indique por qué se registra solo ahora.
staff-error-nobody = Indique la dirección que ha comprobado.
notice-signed-out = La sesión está cerrada y todavía no se ha registrado nada
    .text = Todo lo que escribió sigue aquí. Inicie sesión en otra pestaña y vuelva a pulsar «{ staff-record }».
staff-receipt-title = La reclamación está registrada
staff-receipt-keep = Imprima esta página y entréguela, o envíela. La referencia dice de qué reclamación se trata; junto con el código de recepción demuestra de quién es.
staff-status-at = Su estado puede consultarse en
staff-another = Registrar otra reclamación

# For those who were told of an escalation
escalation-waits = Ha vencido un plazo
    .text = ¿Se ocupa usted ahora de esto? Entonces no se avisa al siguiente nivel del escalamiento. Si para entonces no está hecho, se avisa al nivel posterior.
escalation-acknowledged = Alguien se ocupa de esto
    .text = No se avisa al siguiente nivel del escalamiento. Si para entonces no está hecho, se avisa al nivel posterior.
escalation-over = Aquí no queda nada por hacer
    .text = Se hizo entretanto, o el plazo cambió.
escalation-reference = Reclamación
escalation-what = Lo que está vencido
escalation-due = Vencía
escalation-send = Yo me ocupo
message-no-such-escalation = No existe este enlace
    .text = No lleva a ninguna parte. Quizá no se copió entero.
