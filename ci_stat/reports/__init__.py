"""How numbers read: text, tables, plain data. Nothing is sent or printed here."""
