"""How many requests a second of processor time buys: this suite's generator beside other load tools."""
