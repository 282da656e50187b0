"""The patient portal: screens over the same contracts as everybody, with the patient's own token. It holds no rule of its own."""
