"""One transaction, and everything that can be done in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.orm import Session

from seawall.storage.database.audit import AuditTrail
from seawall.storage.database.codes import IngestTokens, Invites
from seawall.storage.database.containments import Containments
from seawall.storage.database.days import Candidates, DayCounts, UnscoredDays
from seawall.storage.database.feedback import Answers
from seawall.storage.database.first_imports import FirstImports
from seawall.storage.database.incidents import Incidents
from seawall.storage.database.naming import Aliases, Announcements
from seawall.storage.database.outbox import Outbox
from seawall.storage.database.problems import Problems
from seawall.storage.database.progress import Checkpoints, States
from seawall.storage.database.second_factors import Identities, Passkeys, Totps
from seawall.storage.database.sessions import Sessions
from seawall.storage.database.sources import Sources, Totals
from seawall.storage.database.users import Users
from seawall.storage.database.views import DatabaseSettings, SavedSearches


@dataclass(frozen=True)
class Transaction:
    """One transaction: everything done through it is kept together or not at all."""

    session: Session

    @cached_property
    def incidents(self) -> Incidents:
        """Incidents and their reasons."""
        return Incidents(self.session)

    @cached_property
    def answers(self) -> Answers:
        """What analysts answered."""
        return Answers(self.session)

    @cached_property
    def users(self) -> Users:
        """Who may sign in."""
        return Users(self.session)

    @cached_property
    def sessions(self) -> Sessions:
        """Who is signed in."""
        return Sessions(self.session)

    @cached_property
    def audit(self) -> AuditTrail:
        """What was done by whom."""
        return AuditTrail(self.session)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """How far each source has been read."""
        return Checkpoints(self.session)

    @cached_property
    def states(self) -> States:
        """What the detectors have learnt."""
        return States(self.session)

    @cached_property
    def problems(self) -> Problems:
        """What was not read, and why."""
        return Problems(self.session)

    @cached_property
    def aliases(self) -> Aliases:
        """The ids that incidents had before."""
        return Aliases(self.session)

    @cached_property
    def announcements(self) -> Announcements:
        """Of which incidents people were told."""
        return Announcements(self.session)

    @cached_property
    def candidates(self) -> Candidates:
        """What detection found on each day."""
        return Candidates(self.session)

    @cached_property
    def days(self) -> DayCounts:
        """What was counted on each day."""
        return DayCounts(self.session)

    @cached_property
    def dirty(self) -> UnscoredDays:
        """Which days wait to be scored."""
        return UnscoredDays(self.session)

    @cached_property
    def first_imports(self) -> FirstImports:
        """How far the first import of each organisation reaches."""
        return FirstImports(self.session)

    @cached_property
    def outbox(self) -> Outbox:
        """Messages to other programs."""
        return Outbox(self.session)

    @cached_property
    def sources(self) -> Sources:
        """What came from which source."""
        return Sources(self.session)

    @cached_property
    def totals(self) -> Totals:
        """Sums over everything that was taken in."""
        return Totals(self.session)

    @cached_property
    def containments(self) -> Containments:
        """What was contained, so that its return is raised."""
        return Containments(self.session)

    @cached_property
    def settings(self) -> DatabaseSettings:
        """Settings that people change while the program runs."""
        return DatabaseSettings(self.session)

    @cached_property
    def views(self) -> SavedSearches:
        """Saved searches."""
        return SavedSearches(self.session)

    @cached_property
    def passkeys(self) -> Passkeys:
        """The passkeys of users."""
        return Passkeys(self.session)

    @cached_property
    def totp(self) -> Totps:
        """The seeds of one-time codes."""
        return Totps(self.session)

    @cached_property
    def oidc_identities(self) -> Identities:
        """Who users are to OpenID providers."""
        return Identities(self.session)

    @cached_property
    def invites(self) -> Invites:
        """Codes that work once."""
        return Invites(self.session)

    @cached_property
    def ingest_tokens(self) -> IngestTokens:
        """The tokens of collectors."""
        return IngestTokens(self.session)
