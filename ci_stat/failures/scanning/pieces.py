"""Short pieces of anchors that are rare in logs, and many of which several anchors share.

Hyperscan searches 400 pieces of at most 8 bytes at nearly twice the speed of 700 whole anchors.
An anchor is searched by the first piece that it contains, and one without a piece as a whole. The
list comes from `python -m benchmarks.pieces`, which counts pieces in real logs.
"""

LONGEST = 8  # bytes of an anchor that is searched as it is

PIECES = (
    *(": error", "xceeded", "error[", "ailure ", "Error: ", "annot ", "➤ YN00", "FAILED"),
    *("Failed", "signal", "could no", "Error i", "unexpect", "xit code", "Failures", " ERROR"),
    *(" Gateway", ": build", "e fail", "threshol", " memory", "va.lang.", " Error", "nable to"),
    *("ecution ", "r: faile", "java.net", "b failed", " offline", "exit s", "check)", ". [Re"),
    *(". [Ne", "would ", "n't co", "] The ", "mismatch", "matching", "tal erro", "mports"),
    *("timed ou", "navailab", "d not", " solv", "occurred", "certific", " due to", "arse "),
    *("uild as ", "the maxi", "ted mini", "tation) ", "sing go.", "on reset", "nostics:"),
    *("magePull", "ckstyle]", "[fail]: ", "RITICAL:", " profile", " failed]", "--- STD"),
    *(" leaked", "tCurly", "n reso", "Closed", ". [One", "tly s", "sign)", "Post ", "ED] ["),
    *("=== T", ". [St", ". [Si", ". [Pa", ". [Me", ". [In", ". [De", "unrecogn", "to start"),
    *("oo many ", "x error", "Killed", "ing) ", "efined: ", "raceback", "ockfile ", "known "),
    *("d ref", "Import", "ummary", "There w", " format ", "th the s", "ted with", "ed in th"),
    *("TIMEOUT", " look", " symbol", "ption in", "equired ", "ests:", "ption: ", "ts in "),
    *("ent ve", "FAIL ", "has no ", "invalid ", "s alread", "odifier", "Error ", "[error]"),
    *("Action", "WARNING", "s not i", "~~~ Runn", "| error:", "| Networ", "zip: std"),
    *("zero cod", "yle issu", "yclomati", "y[buildP", "y signat", "y Reques", "x > Sess"),
    *("write er", "wrapped ", "wn_funct", "while co", "ver does", 'ver at "', "vePackag"),
    *("valid_co", "ute cach", "up orpha", "untime e", "ull acce", "udit rep", "uct fiel"),
    *("ttern_ma", "tiple de", "tion_sta", "the lock", "than fai", "tespace)", "tes to g"),
    *("ternalCo", "ted as e", "te:     ", "tdout --", "tash the", "tainer n", "t unknow"),
    *("t on dev", "ssing re", "sses loc", "son.buil", "shake ti", "section]", "se (actu"),
    *("s code 4", "rrored a", "rror: pa", "rror val", "ror: in ", "rogram c", "regexp) "),
    *("rded an ", "r kind: ", "pm error", "pen DB f", "panicked", "osimple)", "oom-kill"),
    *("od file ", "ocritic)", "ob succe", "oad pack", "o_return", "o timeou", "nmet dep"),
    *("neLength", "n any of", "metrics)", "led on l", "ld: libr", "ld: cann", "lassData"),
    *("javadoc)", "header) ", "has arg ", "gofumpt)", "ffenses:", "eo pipef", "enarios:"),
    *("eading h", "blocks) ", "]: UNREA", "] error:", "] Plugin", "] (sizes", "] (misc)"),
    *("] (exten", "[Visibil", "[Variabl", "[Trailin", "[TIMEDOU", "[Separat", "[Overloa"),
    *("[Operato", "[NoWhite", "[Multipl", "[Missing", "[Javadoc", "[Illegal", "[Generic"),
    *("[Constan", "[Boolean", "[Atclaus", "Z error:", "XPECTED-", "XCEPTION", "SIGABRT "),
    *("SEVERE: ", "R] Unres", "R] Some ", "RTED ***", "RR_PNPM_", "RROR] No", "RROR in "),
    *("RROR   -", "PMD Fail", "Lint for", "FFECTING", "FAIL!  :", "EADDRINU", "> file:/"),
    *(":443: co", "9 error:", "8 error:", "7 error:", "6 error:", "5 error:", "4 error:"),
    *("3 error:", "2 error:", "1 error:", "0 error:", ". [Unuse", ". [Hidde", ". [Abbre"),
    *("- error:", ", found ", "*Timeout", "*Excepti", "****** T", ") error:", "#[group]"),
    *("#  failu", " error  ", " Line   ", "yQualifi", "went wro", "re dumpe", "iff --gi"),
    *("gmentati", "nished: ", ": not fo", "ut not u", "rake abo", "make: **"),
    *('ommand "', "s_time:s"),
)
