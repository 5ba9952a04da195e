"""The phone: situation to menu, its HTTP service, and the web app.

Knows the wire's words (`broker.contract`) and nothing of the cloud: what it needs from there stands in `ports.py`.
"""
