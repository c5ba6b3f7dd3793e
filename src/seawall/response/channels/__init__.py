"""Send messages to where people work: mail, chat, pagers, tickets, case managers and log stores. One file for each channel."""
