"""One transaction, with access to each group of tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.orm import Session

from seawall.storage.database.audit import AuditTrail
from seawall.storage.database.codes import IngestTokens, Invites
from seawall.storage.database.comments import Comments
from seawall.storage.database.containments import Containments
from seawall.storage.database.days import Candidates, DayCounts, UnscoredDays
from seawall.storage.database.exchange_collections import CollectionObjects
from seawall.storage.database.exchange_tokens import ExchangeTokens
from seawall.storage.database.feedback import Answers
from seawall.storage.database.first_imports import FirstImports
from seawall.storage.database.handling import Handlings
from seawall.storage.database.homes import HandedEvents, SlotHomes
from seawall.storage.database.incident_names import IncidentAliases, IncidentAnnouncements
from seawall.storage.database.incidents import Incidents
from seawall.storage.database.indicators import SavedIndicators
from seawall.storage.database.leases import SlotLeases
from seawall.storage.database.merges import IncidentMerges
from seawall.storage.database.outbox import Outbox
from seawall.storage.database.problems import Problems
from seawall.storage.database.progress import Checkpoints, DetectorStates
from seawall.storage.database.received_indicators import ReceivedIndicators
from seawall.storage.database.second_factors import Identities, Passkeys, TotpSeeds
from seawall.storage.database.sessions import Sessions
from seawall.storage.database.sources import Sources, Totals
from seawall.storage.database.stars import RecordStars
from seawall.storage.database.tasks import IncidentTasks
from seawall.storage.database.traits import IncidentTraits
from seawall.storage.database.users import Users
from seawall.storage.database.views import DatabaseSettings, SavedSearches


@dataclass(frozen=True)
class Transaction:
    """One database transaction: all its changes are committed together or not at all.

    With a `slot`, what detection keeps (states, checkpoints, days, candidates, first imports, sums, messages, the list of
    incidents) is that of the slot alone. Without one it is that of all slots, and what is written belongs to slot 0.
    """

    session: Session
    slot: int | None = None

    @cached_property
    def leases(self) -> SlotLeases:
        """Who may write each slot."""
        return SlotLeases(self.session)

    @cached_property
    def homes(self) -> SlotHomes:
        """The slot of each organisation."""
        return SlotHomes(self.session)

    @cached_property
    def handovers(self) -> HandedEvents:
        """Events that wait for another slot."""
        return HandedEvents(self.session)

    @cached_property
    def incidents(self) -> Incidents:
        """Incidents and their reasons."""
        return Incidents(self.session, self.slot)

    @cached_property
    def indicators(self) -> SavedIndicators:
        """Values that analysts saved as the intruder's."""
        return SavedIndicators(self.session)

    @cached_property
    def received_indicators(self) -> ReceivedIndicators:
        """Indicators that came from other organisations."""
        return ReceivedIndicators(self.session)

    @cached_property
    def collection_objects(self) -> CollectionObjects:
        """Objects of the TAXII collections."""
        return CollectionObjects(self.session)

    @cached_property
    def exchange_tokens(self) -> ExchangeTokens:
        """Tokens of other organisations for the TAXII server."""
        return ExchangeTokens(self.session)

    @cached_property
    def answers(self) -> Answers:
        """Answers of analysts."""
        return Answers(self.session)

    @cached_property
    def users(self) -> Users:
        """Users of the console."""
        return Users(self.session)

    @cached_property
    def sessions(self) -> Sessions:
        """Signed-in sessions."""
        return Sessions(self.session)

    @cached_property
    def audit(self) -> AuditTrail:
        """The audit trail."""
        return AuditTrail(self.session)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """Positions up to which sources were read."""
        return Checkpoints(self.session, self.slot)

    @cached_property
    def states(self) -> DetectorStates:
        """States of the detectors."""
        return DetectorStates(self.session, self.slot)

    @cached_property
    def problems(self) -> Problems:
        """Records and files that could not be read."""
        return Problems(self.session)

    @cached_property
    def aliases(self) -> IncidentAliases:
        """Earlier ids of incidents."""
        return IncidentAliases(self.session)

    @cached_property
    def announcements(self) -> IncidentAnnouncements:
        """Announcements of incidents."""
        return IncidentAnnouncements(self.session)

    @cached_property
    def candidates(self) -> Candidates:
        """Candidates of each day."""
        return Candidates(self.session, self.slot)

    @cached_property
    def days(self) -> DayCounts:
        """Counts of each day."""
        return DayCounts(self.session, self.slot)

    @cached_property
    def dirty(self) -> UnscoredDays:
        """Days that wait for scoring."""
        return UnscoredDays(self.session, self.slot)

    @cached_property
    def first_imports(self) -> FirstImports:
        """First imports of organisations."""
        return FirstImports(self.session, self.slot)

    @cached_property
    def outbox(self) -> Outbox:
        """Messages to other programs."""
        return Outbox(self.session, self.slot)

    @cached_property
    def sources(self) -> Sources:
        """Counts and times of each source."""
        return Sources(self.session)

    @cached_property
    def totals(self) -> Totals:
        """Sums over everything that was ingested."""
        return Totals(self.session, self.slot)

    @cached_property
    def containments(self) -> Containments:
        """Containments, whose attackers' return is raised."""
        return Containments(self.session)

    @cached_property
    def settings(self) -> DatabaseSettings:
        """Settings that users change while the program runs."""
        return DatabaseSettings(self.session)

    @cached_property
    def views(self) -> SavedSearches:
        """Saved searches."""
        return SavedSearches(self.session)

    @cached_property
    def passkeys(self) -> Passkeys:
        """Passkeys of users."""
        return Passkeys(self.session)

    @cached_property
    def totp(self) -> TotpSeeds:
        """TOTP seeds."""
        return TotpSeeds(self.session)

    @cached_property
    def oidc_identities(self) -> Identities:
        """Identities of users at OpenID providers."""
        return Identities(self.session)

    @cached_property
    def invites(self) -> Invites:
        """One-time codes."""
        return Invites(self.session)

    @cached_property
    def ingest_tokens(self) -> IngestTokens:
        """Tokens of collectors."""
        return IngestTokens(self.session)

    @cached_property
    def handling(self) -> Handlings:
        """Owner, status, due time and tags of incidents."""
        return Handlings(self.session)

    @cached_property
    def comments(self) -> Comments:
        """Comments on incidents."""
        return Comments(self.session)

    @cached_property
    def tasks(self) -> IncidentTasks:
        """Tasks of incidents."""
        return IncidentTasks(self.session)

    @cached_property
    def stars(self) -> RecordStars:
        """Starred records."""
        return RecordStars(self.session)

    @cached_property
    def merges(self) -> IncidentMerges:
        """Merged incidents."""
        return IncidentMerges(self.session)

    @cached_property
    def traits(self) -> IncidentTraits:
        """Traits by which incidents resemble each other."""
        return IncidentTraits(self.session)
