"""Who may call the chat, how often, and with how much."""
