"""`manage.py doctor`: look at everything ChatScape needs, and say how to mend what is wrong.

`start` gets as far as the settings let it, `examination` runs the checks, `findings` is what they say,
`report` how it is shown. Each other module looks at one part.
"""
