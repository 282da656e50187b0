"""Messages to patients: templates, rules, reminders, delivery, replies."""
