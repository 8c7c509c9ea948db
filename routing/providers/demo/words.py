"""Cue words of the demo rules, in the languages that people of the demo write: en, de, es, fr, pt and Hinglish.

All patterns look at plain text (`plain`): lower case, no accents. They are cues for a demo, not language understanding.
"""

import re
import unicodedata

READ = 8_000
"""Characters of a message that the rules look at."""


def plain(text: str) -> str:
    """Return the beginning of `text` in lower case without accents, with straight apostrophes."""
    parts = unicodedata.normalize("NFKD", text[:READ].replace("\u2019", "'"))
    return "".join(char for char in parts if not unicodedata.combining(char)).casefold()


GREETING = re.compile(
    r"\s*(?:hi+|hello|hey|good (?:morning|afternoon|evening|day)|greetings|hallo|moin|servus|gru(?:ss|ezi)\w*"
    r"|guten (?:tag|morgen|abend)|hola|buen(?:os|as) \w+|buenas|bonjour|bonsoir|salut|ola|oi|bom dia|boa (?:tarde"
    r"|noite)"
    r"|namaste|namaskar|ciao|buongiorno)\b[\s,!.:;-]*(?:there|all|team|everyone|zusammen|a todos|pessoal|ji)?[\s,!.]*"
)
THANKS = re.compile(
    r"\s*(?:thanks|thank you|thx|danke|vielen dank|gracias|muchas gracias|merci|obrigad[oa]|dhanyavaad|shukriya)\b"
)
HOW_ARE_YOU = re.compile(
    r"^(?:how are (?:you|things)|how's it going|wie geht(?:'?s| es)|que tal|como estas|ca va|tudo bem|kaise ho)\b.*$"
)

_OPEN = (
    r"open|opening|create|log|raise|file|submit|register|make|start"
    r"|offn\w*|erstell\w*|anleg\w*|leg\w*|eroff\w*|aufmach\w*|aufnehm\w*"
    r"|abr[aei]\w*|cre[aeo]\w*|registr\w*|levant\w*|ouvr\w*|enregistr\w*|cri[ae]\w*"
    r"|khol\w*|bana\w*|daal\w*|kar do"
)
_TICKET = (
    r"tickets?|incidents?|an? (?:change|problem)|case|problem (?:record|ticket)|(?:change|service) requests?"
    r"|incidencia|caso|chamado|demande"
    r"|vorfall|storung(?:smeldung)?|incidente"
)
WANTS_TICKET = re.compile(
    rf"\b(?:{_OPEN})\b[^.?!\n]{{0,50}}\b(?:{_TICKET})\b|\b(?:{_TICKET})\b[^.?!\n]{{0,30}}\b(?:{_OPEN})\b"
    r"|\b(?:i (?:want|need|would like) to report|please report|report (?:an?|this|the)|melde|reporta[r]?"
    r"|signale[rz]?)\b"
)
INCIDENT = re.compile(
    r"\boutage\b|\b(?:is|are|was|went|goes) (?:down|offline|broken|dead|slow)\b|\bkeeps? (?:drop|crash|fail"
    r"|disconnect|freez)"
    r"|\b(?:does|do|is|are|did)(?:n't| not) (?:work|start|load|open|connect|respond)|\bnot working\b"
    r"|\bstopped working\b"
    r"|\b(?:cannot|can't|can not|unable to) (?:\w+ ){0,2}(?:connect|log ?in|sign in|access|open|print|reach|send"
    r"|join)"
    r"|\b(?:vpn|wi-?fi|network|connection|server|mail|printer|laptop|app\w*|system|line)\b[^.?!\n]{0,40}"
    r"\b(?:drop|crash|fail|disconnect|freez|break|error|hang|down|time[sd]? out)"
    r"|\b(?:drops|crashes|crashed|disconnects|unreachable|frozen|broken)\b|\bincidents?\b"
    r"|funktioniert nicht|geht nicht|ausfall|ausgefallen|\bstorung|absturz|sturzt ab|kaputt|bricht .{0,20}ab"
    r"|fehlermeldung"
    r"|no funciona|se (?:cae|ha caido|corta)|caid[oa]\b|averia|\bfalla\b|incidencia"
    r"|ne (?:marche|fonctionne) (?:pas|plus)|en panne|\bpanne\b|\bplante\b|se coupe"
    r"|nao funciona|\bcaiu\b|fora do ar|\bcai (?:todo|toda)|\bfalha\b|nahi chal|kaam nahi|band ho|chal nahi"
)
PROBLEM = re.compile(
    r"\broot causes?\b|\bproblem (?:record|ticket|management)\b|\b(?:open|log|create|raise) an? problem\b"
    r"|\bagain and again\b"
    r"|\brecurring\b|\bpost-?mortem\b|\bknown error"
    r"|ursachenanalyse|causa raiz|cause racine"
)
CHANGE = re.compile(
    r"\b(?:open|log|create|raise|plan) an? change\b|\b(?:plan|schedule)\b[^.?!\n]{0,40}\b(?:upgrade|migration"
    r"|maintenance)\b"
    r"|\bchange (?:request|window|management|ticket|advisory)|\bmaintenance window|\brfc\b|\broll(?:ing)? ?(?:out"
    r"|back)\b"
    r"|\bdeploy(?:ment)? (?:to|of|the)|\b(?:upgrade|migrate|patch) (?:the|our)|\bchanges?\b.{0,20}\b(?:schedule"
    r"|approve|plan)"
    r"|anderungsantrag|solicitud de cambio|demande de changement|pedido de mudanca"
)
SERVICE_REQUEST = re.compile(
    r"\bservice requests?\b|\b(?:need|request|order|get me|would like|want|set ?up|install|reset"
    r"|grant)\b[^.?!\n]{0,40}"
    r"\b(?:laptop|licen[cs]e|software|access|account|password|monitor|phone|badge|key card|mailbox|headsets?"
    r"|permission"
    r"|program)"
    r"|passwort zurucksetzen|neuen? laptop|zugang (?:zu|fur)|nuevo portatil|acceso a|nouvel ordinateur|acces a"
    r"|novo notebook|acesso a"
)
DEFINITION = re.compile(
    r"^\s*(?:what(?:'s| is| are) (?:an? )?\w+(?: \w+)?\s*\??$|define\b|was ist\b|que es\b|qu'est-ce\b|o que e\b)"
)
QUESTION = re.compile(
    r"^\s*(?:who|whose|which|how (?:do|does|can|many|much|long)|what(?:'s| is| are) the (?:difference|state|status)"
    r"|explain|summari[sz]e|translate|compare|describe|wer|welche\w*|wie|quien|qui|quem)\b"
)

TICKET_NUMBER = re.compile(r"\b[A-Za-z]{2,5}-\d{1,9}\b")
LIST_TICKETS = re.compile(
    r"\b(?:show|list|find(?! out)|search|look ?up|which|what|any|how many|zeig\w*|welche|muestra\w*|busca\w*"
    r"|montre\w*"
    r"|quels|mostr\w*|quais|dikha\w*)\b"
    r"[^.?!\n]{0,50}\b(?:tickets|incidents|changes|problems|requests|incidencias|chamados|demandes)\b"
    r"|\b(?:anybody|anyone|has somebody) (?:else )?reported\b|\b(?:status|stand|estado"
    r"|statut)\b[^.?!\n]{0,40}\b(?:tickets?|incidents?)\b"
)
UPDATE = re.compile(
    r"\b(?:close|resolve|reopen|update|assign|set|change|move|escalate|cancel|add|mark|comment|put|raise the"
    r"|lower the"
    r"|schlie\w*|losen?|aktualisier\w*|cierra|cerrar|actualiza\w*|asigna\w*|ferme[rz]?|cloture\w*|fecha[r]?"
    r"|atualiza\w*|band kar)\b"
)
WHO = re.compile(
    r"\b(?:who (?:can|does|handles|is|should|takes|looks)|which (?:agent|colleague|team)|whom|directory"
    r"|wer (?:kann|ist|macht|kummert)|quien (?:puede|es|se)|qui (?:peut|est|s'occupe)|quem (?:pode|e|cuida)|kaun)\b"
)
WHO_ARE_YOU = re.compile(
    r"\s*(?:who are you|what (?:can|do) you do|wer bist du|wer sind sie|quien eres|qui es[- ]tu|quem e voce)\b"
)
WHY = re.compile(r"\bwhy\b|find out|\bcause\b|investigat|warum|wieso|por ?que\b|pourquoi|porque|kyon|kyun")

LEVELS: list[tuple[int, re.Pattern[str]]] = [
    (
        2,
        re.compile(
            r"\b(?:everyone|everybody|all (?:users|staff|sites|offices|of us)|whole|entire|company"
            r"|alle|todos|toda|tous|tout le monde|sabhi|sab log)\b"
        ),
    ),
    (
        1,
        re.compile(
            r"\b(?:team|department|several|office|floor|some of us|we|our|wir|abteilung|equipo|equipe|departamento"
            r"|nous|nosotros)\b"
        ),
    ),
]
"""Who is affected: 2 for all, 1 for a team; nothing found is one person."""
URGENT = re.compile(
    r"\b(?:urgent\w*|asap|immediately|right now|critical|emergency|at once|cannot work|can't work|blocked|outage"
    r"|production"
    r"|dringend|sofort|urgente|inmediatamente|tout de suite|imediatamente|jaldi|turant)\b"
)
RELAXED = re.compile(
    r"\b(?:no (?:hurry|rush)|whenever|low priority|when you have time|not urgent|minor|someday|keine eile"
    r"|sin prisa|pas urgent|sem pressa)\b"
)

_STOP_WORDS = (
    "show list all status about after again also another anything around been before being both does doing each "
    "every everything find "
    "from give goes have help here into "
    "just know like look make many more most much must need other over please same should since some someone "
    "something tell "
    "than thanks that their them then there these they thing this those very want well were what when where which "
    "while with "
    "without would your yours open ticket tickets create agent agents manager lead senior junior specialist "
    "assistant officer "
    "advisor director head chief team colleague colleagues user users person people question questions answer "
    "answers handle "
    "handles support supports work works working daily company organization bitte und oder nicht eine einen der "
    "die das para "
    "como pour avec dans uma"
)
_STOP = frozenset(_STOP_WORDS.split())
WORD = re.compile(r"[^\W\d_]{3,}")


def stems(text: str) -> set[str]:
    """Return the beginnings of the telling words of `text`, so that "incidents" meets "incident"."""
    return {word[:6] for word in WORD.findall(plain(text)) if word not in _STOP}
