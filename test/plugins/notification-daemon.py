"""Owns org.freedesktop.Notifications on the session bus, and prints each call of Notify as a line of JSON."""

import itertools
import json

import dbus.service
from dbus.mainloop.glib import DBusGMainLoop
from gi.repository import GLib

NAME = "org.freedesktop.Notifications"
numbers = itertools.count(1)


class Daemon(dbus.service.Object):
    @dbus.service.method(NAME, in_signature="susssasa{sv}i", out_signature="u")
    def Notify(self, app, replaces, icon, summary, body, actions, hints, expires):
        number = int(replaces) or next(numbers)
        shown = {"app": app, "replaces": int(replaces), "number": number, "summary": summary, "body": body}
        print(json.dumps(shown), flush=True)
        return number

    @dbus.service.method(NAME, in_signature="", out_signature="ssss")
    def GetServerInformation(self):
        return ("ptrap-test", "ptrap", "1", "1.2")

    @dbus.service.method(NAME, in_signature="", out_signature="as")
    def GetCapabilities(self):
        return ["body", "body-markup"]


bus = dbus.SessionBus(mainloop=DBusGMainLoop())
name = dbus.service.BusName(NAME, bus)
daemon = Daemon(bus, "/org/freedesktop/Notifications")
print("{}", flush=True)
GLib.MainLoop().run()
