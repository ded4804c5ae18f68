"""Regular expressions for secrets: token formats, and contexts whose value is secret.

Such contexts are URLs, headers and options.

Every repetition is bounded, so that a hostile log takes time in proportion to its length.
"""

import re

# Formats that only secrets have. The whole match is masked; a mismatch shows after few characters.
FORMS = re.compile(
    r"gh[opsur]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{22,255}|v1\.[0-9a-f]{40}(?![0-9a-f])"
    r"|gl(?:pat|ptt|ft|rt|dt|soat|cbt|imt|agent|oas|ffct)-[A-Za-z0-9_=.-]{16,300}"
    r"|GR1348941[\w-]{20,50}"
    r"|xox[abceoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,250}|xapp-\d-[A-Za-z0-9-]{10,250}"
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"
    r"|AIza[\w-]{35}|ya29\.[\w.-]{20,2000}|GOCSPX-[\w-]{20,50}|1//0[\w-]{40,200}"
    r"|[A-Za-z0-9_~.]{3}\dQ~[\w~.-]{31,34}"
    r"|npm_[A-Za-z0-9]{36,80}|pypi-AgE[\w-]{40,1000}"
    r"|[rs]k_(?:live|test)_[A-Za-z0-9]{10,250}|whsec_[A-Za-z0-9+/=]{20,100}"
    r"|dckr_(?:pat|oat)_[\w-]{20,80}|hf_[A-Za-z0-9]{30,50}|sk-(?:ant-|proj-)?[A-Za-z0-9_-]{40,250}"
    r"|SG\.[\w-]{16,32}\.[\w-]{32,64}|dop_v1_[0-9a-f]{64}|rubygems_[0-9a-f]{48}"
    r"|hv[bs]\.[\w-]{20,300}"
    r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|ATATT3[\w=-]{60,400}"
    # Telegram: the number of a bot and 35 characters, of which some are capitals and some digits.
    r"|(?<![\w.-])\d{6,12}:(?=[\w-]{0,33}[A-Z])(?=[\w-]{0,33}\d)[A-Za-z][\w-]{34}(?![\w-])"
    r"|(?<=bot)\d{6,12}:[\w-]{35}(?![\w-])"
    r"|(?i:AGE-SECRET-KEY-1[0-9A-Z]{20,100}|AGE-PLUGIN-[0-9A-Z-]{1,40}-1[0-9A-Z]{20,400})"
    r"|eyJ[\w-]{8,500}\.eyJ[\w-]{8,8000}(?:\.[\w-]{0,2000})?"
)
# Tokens of one length, with a line break in them.
_BREAK = r"(?:\r?\n[ \t]{0,20})?"
_LENGTHS = {
    "gh[opsur]_": ("[A-Za-z0-9]", 36),
    "github_pat_": (r"\w", 82),
    "glpat-": (r"[\w-]", 20),
    "hf_": ("[A-Za-z0-9]", 34),
    "npm_": ("[A-Za-z0-9]", 36),
    "AIza": (r"[\w-]", 35),
    "(?:AKIA|ASIA)": ("[A-Z0-9]", 16),
    "dop_v1_": ("[0-9a-f]", 64),
    "AGE-SECRET-KEY-1": ("[0-9A-Z]", 58),
}
WRAPPED = re.compile(
    "|".join(
        rf"{prefix}{_BREAK}(?:{letter}{_BREAK}){{{length - 1}}}{letter}(?!{letter})"
        for prefix, (letter, length) in _LENGTHS.items()
    )
)
# What may go on after a masked secret at the end of a line, alone on the next ones.
CONTINUED = re.compile(
    r"(?m)(?<=\*\*\*)((?:\r?\n[ \t]{0,20}[\w.~+/=-]{16,300}"
    r"(?=[ \t]{0,20}[\"'`,;)]{0,3}\r?$)){1,40})"
)
KEY_BEGINS = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
KEY_ENDS = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
# The first line of a private key's body, by what all keys of a format have in common: PKCS#1 and
# PKCS#8 with and without a password, elliptic curves, OpenSSH. Certificates and public keys differ.
KEY_BODY = re.compile(
    r"(?:(?<![A-Za-z0-9+/])|(?<=\\n))(?:b3BlbnNzaC1rZXktdjEA|MC4CAQAwBQYDK2Vw|M[A-Za-z0-9+/]{1,9}"
    r"(?:IBAAK[BC]|IBADANBgkqhkiG9w0B|[A-Za-z0-9+/]B[fO]BgkqhkiG9w0BBQ0|MF8GCSqGSIb3DQEFDT|CAQEE"
    r"|AgEBB[DE]|AgEAM[A-Za-z0-9+/]{2}GByqGSM49))[A-Za-z0-9+/=]{16,8000}"
)
KEY_LINE = re.compile(r"[A-Za-z0-9+/=]{1,100}")  # of the body
WHOLE_LINE = 60  # characters of a line of the body, but for the last one
MAX_KEY = 8_000  # characters masked of a private key without an end, as in a cut text

# Group 1 is kept, group 2 is masked.
PLACES = tuple(
    re.compile(pattern)
    for pattern in (
        # Webhooks: the address is the secret.
        r"(?i)(hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/)([\w/-]{1,300})",
        r"(?i)(/open-apis/bot/(?:v2/)?hook/)([\w-]{1,100})",
        r"(?i)(discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/)([\w/-]{1,300})",
        r"(?i)(webhook\.office\.com/webhookb2/)([\w@/-]{1,400})",
        r"(?i)(qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=)([\w-]{1,100})",
        r"(?i)(api\.telegram\.org/bot)([\w:-]{1,100})",
        # Addresses and data source names.
        r"(://[^\s/:@\"'<>]{0,200}:)([^\s/\"'<>]{1,300})(?=@)",
        r"(?i)((?<![a-z])dsn[\"']?\s{0,4}[:=]\s{0,4}[\"']?[\w.$%-]{1,100}:)([^\s\"']{1,300})(?=@)",
        r"(?i)(jdbc:oracle:\w{1,10}:[\w.$-]{1,100}/)([^\s@\"']{1,200})(?=@)",
        r"(?i)([?&](?:x-amz-(?:signature|security-token|credential)"
        r"|x-goog-(?:signature|credential)|signature|sig"
        r"|access_token|private_token|oauth_token|refresh_token"
        r"|id_token|client_secret|api_?key|password|passwd|pwd"
        r"|awsaccesskeyid|googleaccessid|jwt)=)([^&\s\"'<>#]{1,4000})",
        # Commands and files.
        r"(?i)(<[\w:.-]{0,40}(?:password|passwd|passphrase|secret"
        r"|token|apikey)>)([^<\r\n]{1,1000})",
        r"(?i)(\blogin\s{1,4}\S{1,100}\s{1,4}password\s{1,4})(\S{1,200})",
        r"(?i)(\b(?:sshpass|docker\s{1,4}login\b[^\r\n]{0,200}?)\s{1,4}-p\s{0,4})([^\s-]\S{0,200})",
        r"(\b(?i:mysql|mariadb)[\w-]{0,20}\s(?:[^\r\n]{0,300}?\s)?-p)"
        r"(?!(?:ort|rotocol|lugin|ath|arallel|kg|roto)\b)"
        r"([^\s\"']{1,200}|\"[^\"\r\n]{1,200}\"|'[^'\r\n]{1,200}')",
        r"(\b(?i:curl|wget|http)\b(?:[^\r\n]{0,300}?\s)?"
        r"(?:-u|--user|--proxy-user)[\s=]{1,4}[\"']?[\w.@$-]{0,100}:)"
        r"([^\s\"']{1,200})",
        r"(\b(?i:redis-cli)\b(?:[^\r\n]{0,300}?\s)?(?:-a|--pass)[\s=]{1,4})"
        r"([^\s\"'-][^\s\"']{0,199}|\"[^\"\r\n]{1,200}\"|'[^'\r\n]{1,200}')",
        r"(\b(?i:codecov)\b(?:[^\r\n]{0,300}?\s)?-t[\s=]{1,4}[\"']?)([\w-]{8,200})",
        # Headers, up to the end of the line or of the quoted text.
        r"(?i)(\b(?:proxy-)?authorization[\"']?\s{0,4}[:=]\s{0,4}[\[\"']{0,2}"
        r"(?:basic|bearer|token|digest"
        r"|negotiate|apikey|ntlm|aws4-hmac-sha256)\s{1,4})([^\r\n\"'\]]{1,4000})",
        r"(?i)(cookie2?[\"']?\s{0,4}:\s{0,4}[\[\"']{0,2})"
        r"((?=[\w.!#$%&*+^|~-]{1,200}=)[^\r\n\"'\]]{1,8000})",
    )
)
# Places where an ordinary word may stand too: group 2 is masked if it looks random.
MAYBE = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?i)(\b(?:proxy-)?authorization[\"']?\s{0,4}[:=]\s{0,4}[\[\"']{0,2})"
        r"([^\s\"'\],]{8,4000})",
        r"(?i)(\bbearer[\"']?(?:\s{1,4}|\s{0,4}[:=]\s{0,4}[\"']?))([\w.~+/=-]{8,4000})",
        r"(?i)(\bpass(?:word|phrase)[ \t]{1,4}for[ \t]{1,4}"
        r"(?:'[^'\r\n]{1,200}'|[^\r\n:]{1,100}):[ \t]{1,4})"
        r"([^\s\"'<>]{6,300})",
        # Alone on the next line.
        r"(?im)((?:pass(?:word|wd|phrase)|pwd|secret|token)[ \t]{0,4}[:=][ \t]{0,4}\r?\n"
        r"[ \t]{0,40})"
        r"([^\s\"'<>=]{8,300})(?=[ \t]{0,40}\r?$)",
        r"(?i)([?&](?:token|key|code|auth|sign|secret|session|sid|st)=)([^&\s\"'<>#]{6,4000})",
        r"(://)([^\s/:@\"'<>]{8,300})(?=@)",
    )
)
