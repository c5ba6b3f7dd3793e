"""Translate the names of columns that the Entra admin centre writes in the language of the person who exports.

Names are plain: letters and digits alone, in lower case. A column without a translation here stays in `unmapped`.
"""

from __future__ import annotations

from collections.abc import Mapping

_FRENCH = {
    "ID de requête": "Request ID",
    "Agent utilisateur": "User agent",
    "ID de corrélation": "Correlation ID",
    "Identifiant utilisateur": "User ID",
    "Utilisateur": "User",
    "Nom d'utilisateur": "Username",
    "Type d'accès client croisée": "Cross tenant access type",
    "Protocole d'authentification": "Authentication Protocol",
    "Méthode de transfert d'origine": "Original transfer method",
    "ID d'application": "Application ID",
    "Ressource": "Resource",
    "Adresse IP": "IP address",
    "Emplacement": "Location",
    "Statut": "Status",
    "Code d'erreur de connexion": "Sign-in error code",
    "Raison de l'échec": "Failure reason",
    "Application cliente": "Client app",
    "ID de l'appareil": "Device ID",
    "Navigateur": "Browser",
    "Système d'exploitation": "Operating System",
    "Conforme": "Compliant",
    "Géré": "Managed",
    "Accès conditionnel": "Conditional Access",
    "Exigence d'authentification": "Authentication requirement",
    "ID de session": "Session ID",
    "Résultat de l'authentification multifacteur": "Multifactor authentication result",
    "Méthode d'authentification multifacteur": "Multifactor authentication auth method",
    "Numéro de système autonome": "Autonomous system number",
    "Signalé pour révision": "Flagged for review",
    "Catégorie": "Category",
    "Activité": "Activity",
    "Résultat": "Result",
    "Cible1UserPrincipalName": "Target1UserPrincipalName",
    "Cible2UserPrincipalName": "Target2UserPrincipalName",
    "Cible3UserPrincipalName": "Target3UserPrincipalName",
}
_SPANISH = {
    "Fecha (UTC)": "Date (UTC)",
    "Id. de usuario": "User ID",
    "Usuario": "User",
    "Nombre de usuario": "Username",
    "Tipo de usuario": "User type",
    "Agente de usuario": "User agent",
    "Dirección IP": "IP address",
    "Ubicación": "Location",
    "Estado": "Status",
    "Motivo del error": "Failure reason",
    "Explorador": "Browser",
    "Sistema operativo": "Operating System",
    "Aplicación": "Application",
    "Recurso": "Resource",
    "Aplicación cliente": "Client app",
    "Requisito de autenticación": "Authentication requirement",
    "Protocolo de autenticación": "Authentication Protocol",
    "Tipo de credencial de cliente": "Client credential type",
    "Servicio": "Service",
    "Categoría": "Category",
    "Actividad": "Activity",
    "Resultado": "Result",
}
TRANSLATIONS: tuple[Mapping[str, str], ...] = (_FRENCH, _SPANISH)
"""English names of columns, by the names in another language."""
