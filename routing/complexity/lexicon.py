"""Words of the six languages that say what kind of question is asked, each under one tag.

The tags let a question asked in German teach something about the same question in Portuguese: "wo", "donde", "onde",
"ou" and "kahan" are all `WHERE`. Words are plain: lower case, no accents (`reading.plain`).
"""

TAGS = {
    "WHO": "who whose whom wer wem wen quien quienes qui quem kaun kisne kisko",
    "WHAT": "what whats what's was que quoi quelle kya",
    "WHICH": (
        "which welche welcher welches welchem welchen cual cuales quel quels quelle quelles qual quais kaunsa kaunsi"
    ),
    "WHERE": "where where's wo wohin donde adonde ou onde kahan kaha kidhar",
    "WHEN": "when when's wann cuando quand quando kab kitne baje",
    "HOW": "how how's wie como comment kaise kese",
    "MANY": "many viele vieles cuantos cuantas cuanto cuanta combien quantos quantas quanto kitna kitni kitne",
    "MUCH": "much viel long lange far weit old alt often late",
    "WHY": "why warum wieso weshalb pourquoi porque kyu kyun kyon",
    "BE": (
        "is are was were be been am ist sind war waren bin es esta estan son era soy est sont etait sao estao foi "
        "eh hai hain tha thi isn't aren't wasn't"
    ),
    "DO": "do does did don't doesn't didn't",
    "HAVE": (
        "have has had hat haben habe hast habt tiene tienen tengo tienes hay a-t-il avez ont ai tem tenho temos ha"
    ),
    "CAN": (
        "can could may kann konnen konnten puede pueden podria puedo peut peux pouvez pourrait pode posso podem "
        "podemos sakta sakte sakti"
    ),
    "SHOULD": (
        "should shall ought soll sollen sollte sollten debo debemos deberia deberiamos dois doit devrait devrions "
        "faut devemos deve devo chahiye"
    ),
    "WILL": "will would won't wouldn't wird werden wurde wurden",
    "MUST": "must muss mussen darf durfen tenemos devons temos",
    "IF": "if wenn falls ob si se caso agar assuming suppose given provided whether",
    "OR": "or oder o ou ya either",
    "AND": "and und y e et aur plus",
    "BUT": "but although though however yet aber obwohl pero aunque mais mas embora par lekin while whereas",
    "NOT": "not no never none nicht kein keine nie pas jamais ne nao nunca nahi nahin mat without ohne sin sans sem",
    "ONLY": "only just merely simply nur bloss einfach solo solamente juste seulement so apenas somente sirf bas",
    "PLEASE": "please pls plz kindly bitte por favor svp stp veuillez",
    "I": "i i'm i'd i've i'll ich yo je eu main mujhe me mir mich moi mim",
    "WE": "we we're we've we'd wir nosotros nous nos a-gente hum humko us uns",
    "YOU": "you ihr sie usted ustedes vous tu voce voces aap tum",
    "THEY": "they he she them him er ellos ella il elle ils eles ela woh wo unka",
    "MY": "my mein meine meinen meiner mi mis mon ma mes meu minha mera meri mere",
    "OUR": "our unser unsere unseren nuestro nuestra nuestros nuestras notre nosso nossa nossos hamara hamare hamari",
    "THE": "the der die das den dem el la los las le les os as",
    "A": "a an ein eine einen einem einer un una une um uma ek",
    "THIS": (
        "this that these those diese dieser dieses dies esta este esto estas estos ce cette ces ceci isto isso "
        "essa esse yeh ye is"
    ),
    "OF": "of von del des do da dos ka ki ke",
    "IN": "in on at im am auf bei en dans sur no na nos nas mein me pe par",
    "FOR": "for fur para pour liye",
    "TO": "to zu nach zum zur al aux ao para",
    "WITH": "with mit con avec com saath",
    "AVAILABLE": (
        "left open closed available included allowed free finished done ready working back still already yet noch "
        "schon bereits offen geschlossen abierto cerrado incluido listo ya aun encore deja ouvert ferme inclus "
        "ainda ja aberto fechado incluso abhi khula band"
    ),
    "SHOW": (
        "show list display give tell send resend email forward find look lookup search get fetch pull check "
        "confirm remind print read zeig zeige schick schicke sende gib nenne sag suche muestra manda envia envie "
        "dame dime busca montre envoie envoyez donne donnez dis cherche mostre mande diga encontre bhejo bhej "
        "dikhao batao bata"
    ),
    "OPEN": (
        "open log create raise file submit register book reserve cancel close reopen add remove set change update "
        "assign move reschedule order enable disable mute unsubscribe upload download restart reset lege erstelle "
        "anlegen offne storniere storno buche andere andern abre abrir crea cancela reserva cambia cambiar ouvre "
        "ouvrez annule annulez abra cancele troca trocar mudar bana banao kar karo do karna"
    ),
    "EDIT": (
        "translate rewrite rephrase spell correct format convert sort turn shorten capitalize uppercase lowercase "
        "round count extract copy ubersetze ubersetzen korrigiere formatiere sortiere traduce traducir corrige "
        "formatea ordena traduis traduisez corrigez formate triez trie traduza corrija ordene"
    ),
    "JUDGE": (
        "compare analyse analyze evaluate assess weigh recommend prioritise prioritize decide judge argue justify "
        "advise suggest propose vergleiche vergleichen analysiere bewerte bewerten beurteile empfiehl empfehlen "
        "priorisiere compara analiza evalua evalue recomienda recomiende propon prioriza comparez analysez "
        "evaluez recommande recommandez proposez analise avalie recomende proponha priorize socho sochkar sujhao"
    ),
    "MAKE": (
        "design write draft develop build implement plan prepare model simulate optimise optimize refactor derive "
        "prove estimate calculate compute forecast reconcile diagnose debug investigate explain summarise "
        "summarize review restructure schedule negotiate entwirf entwickle schreibe schreiben verfasse baue "
        "implementiere plane planen erklare erklaren berechne berechnen fasse prufe untersuche optimiere disena "
        "escribe redacta desarrolla planifica explica calcula resume revisa investiga optimiza concois concevez "
        "ecris ecrivez redige redigez planifie planifiez explique expliquez calcule calculez resumez verifie "
        "verifiez etablis etablissez elabore elaborez monte crie escreva redija desenvolva planeje resuma revise "
        "investigue otimize banao samjhao nikalo likho"
    ),
    "CAUSE": (
        "cause causes reason reasons root because since after although despite explains ursache grund weil seit "
        "causa razon raison parce depuis motivo desde wajah"
    ),
    "WORTH": (
        "worth better best worse cheaper riskier safer lohnt besser merece pena conviene mejor vaut mieux vale "
        "melhor behtar sahi compensa"
    ),
    "COMPARATIVE": (
        "more less fewer higher lower faster slower mehr weniger hoher niedriger mas menos plus moins mais zyada "
        "kam up down doubled dropped fell rose grew"
    ),
    "TICKET": "ticket tickets incident incidents case request chamado incidencia demande storung",
    "HELLO": "hi hello hey hallo hola bonjour ola oi namaste moin morning evening servus salut",
    "THANKS": "thanks thank thx danke gracias merci obrigado obrigada shukriya dhanyavaad cheers",
    "YES": "yes yeah ok okay yep ja si oui sim haan thik",
    "NAME": (
        "name names number numbers code date address email mail phone extension link url price amount version "
        "room floor page nummer adresse telefon preis datum raum numero direccion telefono precio fecha sala "
        "telephone prix endereco telefone preco data ramal naam"
    ),
    "TIME": (
        "time hours clock o'clock uhr hora horas heure heures baje today tomorrow yesterday monday tuesday "
        "wednesday thursday friday saturday sunday heute morgen gestern hoy manana ayer aujourd'hui demain hier "
        "hoje amanha ontem aaj kal"
    ),
}

TAG_OF: dict[str, str] = {}
for _tag, _words in TAGS.items():
    for _word in _words.split():
        # The first tag wins: question words stand before the small words that they share letters with.
        TAG_OF.setdefault(_word, _tag)
