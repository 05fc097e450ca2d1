"""The one exception that carries a sentence meant for the user."""


class GamutError(Exception):
    """Wrong input or a state that needs the user: what was seen, what is allowed, what to do, in one plain sentence.

    The command line prints it and exits with 2; a screen shows it as a message. Anything else that is raised is a defect.
    """
