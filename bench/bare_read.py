"""Read logs with DuckDB alone: the columns that detection needs, and nothing done with them.

    python bench/bare_read.py --audit FILE [FILE ...] [--sign-ins FILE [FILE ...]] [--threads 2]

Prints the number of records. This is the floor that `bench/scan_million.py` compares a scan with. A scan keeps more columns
than these; the floor leaves them out, so that it is as low as it can be.
"""

from __future__ import annotations

import argparse

import duckdb

_PAIRS = "STRUCT(Name VARCHAR, Value VARCHAR)[]"
_AUDIT_TEXTS = (
    "CreationTime", "Id", "Operation", "Workload", "UserId", "ClientIP", "ClientIPAddress", "ActorIpAddress", "AppId",
    "ApplicationId", "ClientAppId", "ClientInfoString", "SessionId", "UserAgent", "MailboxOwnerUPN", "ResultStatus",
)  # fmt: skip
_AUDIT_TYPES = {
    **dict.fromkeys(_AUDIT_TEXTS, "VARCHAR"),
    "RecordType": "INTEGER",
    "LogonType": "INTEGER",
    "OperationProperties": _PAIRS,
    "ExtendedProperties": _PAIRS,
    "Folders": "STRUCT(FolderItems STRUCT(InternetMessageId VARCHAR)[])[]",
}
_AUDIT_COLUMNS = (
    "TRY_CAST(CreationTime AS TIMESTAMP) AS time, Id, Operation, Workload, RecordType, lower(UserId) AS account, "
    "coalesce(ClientIP, ClientIPAddress, ActorIpAddress) AS client_address, coalesce(AppId, ApplicationId) AS app, "
    "ClientAppId, ClientInfoString, SessionId, MailboxOwnerUPN, LogonType, ResultStatus, "
    "list_filter(OperationProperties, lambda one: one.Name = 'MailAccessType')[1].Value AS access, "
    "coalesce(UserAgent, list_filter(ExtendedProperties, lambda one: one.Name = 'UserAgent')[1].Value) AS agent, "
    "list_sum(list_transform(Folders, lambda folder: len(folder.FolderItems))) AS items"
)
_SIGN_IN_TEXTS = (
    "id", "createdDateTime", "userPrincipalName", "userId", "appId", "resourceId", "ipAddress", "clientAppUsed",
    "userAgent", "sessionId", "uniqueTokenIdentifier", "authenticationRequirement", "authenticationProtocol",
    "incomingTokenType", "isInteractive", "servicePrincipalId", "servicePrincipalCredentialKeyId", "resourceTenantId",
)  # fmt: skip
_SIGN_IN_TYPES = {
    **dict.fromkeys(_SIGN_IN_TEXTS, "VARCHAR"),
    "status": "STRUCT(errorCode INTEGER, failureReason VARCHAR)",
    "location": "STRUCT(countryOrRegion VARCHAR)",
    "deviceDetail": "STRUCT(deviceId VARCHAR, operatingSystem VARCHAR, browser VARCHAR)",
    "authenticationDetails": "STRUCT(authenticationMethod VARCHAR, succeeded BOOLEAN)[]",
}
_SIGN_IN_COLUMNS = (
    "TRY_CAST(createdDateTime AS TIMESTAMP) AS time, lower(userPrincipalName) AS account, "
    + ", ".join(name for name in _SIGN_IN_TEXTS if name not in ("createdDateTime", "userPrincipalName"))
    + ", status.errorCode AS error, location.countryOrRegion AS country, deviceDetail.deviceId AS device, "
    "deviceDetail.operatingSystem AS system, deviceDetail.browser AS browser, "
    "list_transform(authenticationDetails, lambda step: step.authenticationMethod) AS methods"
)


def read(connection: duckdb.DuckDBPyConnection, table: str, files: list[str]) -> int:
    """Read files into a table in memory, and return its number of rows. Unreadable lines are rows of nulls."""
    types, columns = {
        "audit": (_AUDIT_TYPES, _AUDIT_COLUMNS),
        "sign_ins": (_SIGN_IN_TYPES, _SIGN_IN_COLUMNS),
    }[table]
    spec = ", ".join(f"'{name}': '{kind}'" for name, kind in types.items())
    connection.execute(
        f"CREATE TABLE {table} AS SELECT {columns} FROM read_json($files, columns={{{spec}}}, "
        "format='newline_delimited', ignore_errors=true)",
        {"files": files},
    )
    (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone() or (0,)
    return int(rows)


def main() -> None:
    """Read, and print the number of records."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--audit", nargs="+", default=[], metavar="FILE")
    parser.add_argument("--sign-ins", nargs="+", default=[], metavar="FILE")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    connection = duckdb.connect(config={"threads": asked.threads})
    print(
        sum(
            read(connection, table, files)
            for table, files in (("audit", asked.audit), ("sign_ins", asked.sign_ins))
            if files
        )
    )


if __name__ == "__main__":
    main()
