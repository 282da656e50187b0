"""The outside parties that carry messages: a mail server and an SMS provider."""
