"""A small schema document, written by hand in the style of the real one (ftrack-protocol 5).

One line an attribute: ``name``, ``name:type``, ``name>Target`` (reference), ``name*Target`` (collection),
``name#Item`` (mapped array), ``name^Target`` (foreign key); ``|column`` gives the server's name.
"""

from __future__ import annotations

import re
from typing import Any

from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.loader import load_catalogue
from tests.reference import real_schema_document

_SPELLING = re.compile(r"(?P<name>\w+)(?:(?P<sign>[:>*#^])(?P<what>[\w,-]+))?(?:\|(?P<column>\w+))?")


def attribute(spelling: str) -> tuple[str, dict[str, Any]]:
    found = _SPELLING.fullmatch(spelling)
    assert found is not None, spelling
    what = found["what"]
    declared: dict[str, Any]
    match found["sign"]:
        case ">":
            declared = {"$ref": what}
        case "*":
            declared = {"type": "array", "items": {"$ref": what}}
        case "#":
            declared = {"type": "mapped_array", "items": {"$ref": what}}
        case "^":
            keys = ", ".join(f"{name}.id" for name in what.split(","))
            declared = {"type": "string", "format": "foreign_key", "description": f"Foreign key(s): {keys}"}
        case ":" if what in ("date-time", "json"):
            declared = {"type": "string", "format": what}
        case ":":
            declared = {"type": what}
        case _:
            declared = {"type": "string"}
    if found["column"]:
        declared["alias_for"] = found["column"]
    return found["name"], declared


def schema(
    name: str,
    attributes: str,
    *,
    key: str = "id",
    defaults: str = "id",
    system: str = "",
    computed: str = "",
    alias: str | None = None,
    classified: str | None = None,
    mixin: str | None = None,
) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": name,
        "type": "object",
        "properties": dict(map(attribute, attributes.split())),
        "primary_key": key.split(),
        "required": [],
        "immutable": [],
        "default_projections": defaults.split(),
    }
    if system:
        document["system_projections"] = system.split()
    if computed:
        document["computed"] = computed.split()
    if alias:
        document["alias_for"] = alias
    if classified:
        document["alias_for"] = {"id": classified, "classifiers": {"object_typeid": f"{name}-type"}}
    if mixin:
        document["$mixin"] = {"$ref": mixin}
    return document


_CONTEXT = (
    "id name context_type parent_id^Context parent>Context children*Context link|_api_link _link|_api_link "
    "thumbnail_id^Component|thumbid thumbnail>Component thumbnail_url:object notes*Note assets*Asset "
    "assignments*Appointment|context_assignments metadata#Metadata|meta timelogs*Timelog "
    "custom_attributes#ContextCustomAttributeValue|custom_attribute_values custom_attribute_links#CustomAttributeLink "
    "created_by_id^User|created_by created_by>User|createdBy scopes*Scope"
)
_TYPED = _CONTEXT + (
    " project_id^Project|showid project>Project|show status_id^Status|statusid status>Status type_id^Type|typeid "
    "type>Type object_type_id^ObjectType|object_typeid object_type>ObjectType|objectType ancestors*TypedContext "
    "descendants*TypedContext bid:number time_logged:number bid_time_logged_difference:number lists*TypedContextList|"
    "_lists status_changes*StatusChange incoming_links*TypedContextLink|predecessors end_date:date-time|enddate "
    "sort:number description"
)
_TYPED_OPTIONS: dict[str, Any] = {
    "defaults": "context_type id name",
    "system": "showid context_type",
    "computed": "time_logged bid_time_logged_difference thumbnail_url",
}
_COMPONENT = (
    "id name size:integer system_type version_id^AssetVersion version>AssetVersion container_id^ContainerComponent "
    "container>ContainerComponent component_locations*ComponentLocation metadata#Metadata|meta file_type|filetype"
)
_COMPONENT_OPTIONS: dict[str, Any] = {"defaults": "id system_type", "system": "system_type version_id"}
_RESOURCE = "id resource_type assignments*Appointment|resource_assignments"
_LIST = (
    "id|listid name project_id^Project|showid project>Project|show user_id^User|userid owner>User|user "
    "system_type|entity custom_attributes#ListCustomAttributeValue"
)
_VALUE = (
    "configuration_id^CustomAttributeConfiguration|register_id configuration>CustomAttributeConfiguration entity_id "
    "key value:variable|casted_value"
)
_VALUE_OPTIONS: dict[str, Any] = {
    "key": "configuration_id entity_id",
    "defaults": "configuration_id entity_id key",
    "system": "entity_id key _casted_value",
}
_LINK = (
    "id from_id to_id configuration_id^CustomAttributeLinkConfiguration configuration>CustomAttributeLinkConfiguration"
)
_CHANGE = "id parent_id parent_type status_id^Status status>Status date:date-time"

DOCUMENT: list[dict[str, Any]] = [
    schema("Context", _CONTEXT, defaults="context_type id name", computed="thumbnail_url"),
    schema("TypedContext", _TYPED, alias="Task", **_TYPED_OPTIONS),
    schema("Task", _TYPED, classified="Task", **_TYPED_OPTIONS),
    schema("Shot", _TYPED, classified="Task", **_TYPED_OPTIONS),
    schema("Prop", _TYPED, classified="Task", **_TYPED_OPTIONS),
    schema(
        "Project",
        _CONTEXT + " full_name|fullname status is_private:boolean|private project_schema_id^ProjectSchema|"
        "projectschemeid descendants*TypedContext lists*List root",
        alias="Show",
        defaults="context_type id name",
        system="context_type",
        computed="thumbnail_url",
    ),
    schema("ProjectSchema", "id|schemeid name object_types*ObjectType", alias="ProjectScheme"),
    schema(
        "ProjectSchemaObjectType",
        "object_type_id^ObjectType project_schema_id^ProjectSchema",
        key="object_type_id project_schema_id",
    ),
    schema("ObjectType", "id name sort:integer tasks*Task"),
    schema("Scope", "id name"),
    schema("Status", "id|statusid name color sort:integer state>State|statustype tasks*Task", alias="TaskStatus"),
    schema("State", "id|typeid name short", alias="StatusType"),
    schema("Type", "id|typeid name", alias="TaskType"),
    schema("AssetType", "id|typeid name short"),
    schema(
        "Asset",
        "id|assetid name context_id^Context parent>Context type_id^AssetType|typeid type>AssetType "
        "versions*AssetVersion latest_version>AssetVersion metadata#Metadata|meta ancestors*TypedContext "
        "custom_attributes#AssetCustomAttributeValue|custom_attribute_values project_id^Project",
        system="context_id",
        computed="latest_version",
    ),
    schema(
        "AssetVersion",
        "id|versionid version:integer comment asset_id^Asset|assetid asset>Asset task_id^Task|taskid task>Task "
        "status_id^Status|statusid status>Status user_id^User|userid user>User components*Component "
        "is_latest_version:boolean is_published:boolean|ispublished link|_api_link thumbnail_url:object "
        "thumbnail_id^Component|thumbid thumbnail>Component date:date-time lists*AssetVersionList|_lists "
        "uses_versions*AssetVersion|usesversions notes*Note metadata#Metadata|meta project_id^Project "
        "custom_attributes#AssetVersionCustomAttributeValue|custom_attribute_values",
        system="assetid",
        computed="thumbnail_url",
    ),
    schema("AssetVersionLink", "id from_id^AssetVersion|linkedversionid to_id^AssetVersion|versionid"),
    schema("Component", _COMPONENT, **_COMPONENT_OPTIONS),
    schema("FileComponent", _COMPONENT.replace("id ", "id^Component ", 1), **_COMPONENT_OPTIONS),
    schema("ContainerComponent", _COMPONENT + " members*Component", **_COMPONENT_OPTIONS),
    schema(
        "ComponentLocation",
        "id component_id^Component component>Component location_id^Location location>Location "
        "resource_identifier|resourceIdentifier url:object",
        system="location_id component_id",
        computed="url",
    ),
    schema("Location", "id name"),
    schema("Resource", _RESOURCE, system="resource_type"),
    schema(
        "User",
        _RESOURCE + " username first_name|firstname is_active:boolean|isactive thumbnail_id^Component|thumbid",
        system="resource_type",
    ),
    schema(
        "Group",
        _RESOURCE
        + " name link|api_link parent_id^Group|group_id parent>Group memberships*Membership|group_memberships",
        system="resource_type",
    ),
    schema("Membership", "id user_id^User user>User group_id^Group group>Group"),
    schema(
        "Appointment",
        "id context_id^Context context>Context|appointment_context resource_id^Resource resource>Resource type",
    ),
    schema(
        "Timelog",
        "id context_id^Context context>Context user_id^User user>User start:date-time duration:number",
        system="user_id context_id",
    ),
    schema("Timer", "id context_id^Context user_id^User start:date-time"),
    schema(
        "TypedContextLink",
        "id|dependencyid from_id^Context to_id^Context from>Context|fromTask to>Context|toTask",
        alias="Dependency",
    ),
    schema(
        "Note",
        "id|noteid content|text parent_id parent_type user_id^User|userid author>User|user in_reply_to_id^Note|"
        "noteparentid in_reply_to>Note|noteparent replies*Note|notes thread_activity:date-time|triggerdate "
        "date:date-time recipients*Recipient|note_recipients category_id^NoteCategory|categoryid "
        "project_id^Project project>Project",
    ),
    schema("Recipient", "note_id^Note resource_id^Resource user>User recipient>Resource", key="note_id resource_id"),
    schema("NoteCategory", "id name", alias="NoteCategory"),
    schema("NoteLabel", "id name", alias="NoteCategory"),
    schema("Metadata", "parent_id|meta_id parent_type|meta_type key|variable value", alias="Meta", key="parent_id key"),
    schema("List", _LIST, system="showid"),
    schema("TypedContextList", _LIST + " items*Task|_task_items", alias="List", system="showid"),
    schema("AssetVersionList", _LIST + " items*AssetVersion|_asset_version_items", alias="List", system="showid"),
    schema("ListObject", "id entity_id|entityid list_id^List|listid list>List"),
    schema("ListCategory", "id|typeid name", alias="ListType"),
    schema("CustomAttributeValue", _VALUE, alias="Variable_Value", key="configuration_id entity_id"),
    schema("ContextCustomAttributeValue", _VALUE, **_VALUE_OPTIONS),
    schema("AssetCustomAttributeValue", _VALUE, **_VALUE_OPTIONS),
    schema("AssetVersionCustomAttributeValue", _VALUE, **_VALUE_OPTIONS),
    schema("ListCustomAttributeValue", _VALUE, **_VALUE_OPTIONS),
    schema("CustomConfigurationBase", "id|registerid key", alias="RegisterBase"),
    schema(
        "CustomAttributeConfiguration",
        "id|registerid key default:variable is_hierarchical:boolean|ishierarchical",
        alias="Variable_Register",
    ),
    schema("CustomAttributeLinkConfiguration", "id|registerid key", alias="LinkRegister"),
    schema("CustomAttributeLink", _LINK),
    schema("CustomAttributeLinkFrom", _LINK),
    schema("UserCustomAttributeLink", _LINK + " user>User"),
    schema("ContextCustomAttributeLinkFrom", _LINK + " context>Context"),
    schema("StatusChange", _CHANGE, alias="Trac"),
    schema("TypedContextStatusChange", _CHANGE + " parent>TypedContext", mixin="StatusChange"),
    schema("SecurityRole", "id|roleid name", alias="Auth_Role"),
    schema(
        "UserSecurityRole",
        "id user_id^User|userid user>User security_role_id^SecurityRole|roleid security_role>SecurityRole|role "
        "is_all_projects:boolean|isallprojects is_all_open_projects:boolean|isallprojects",
        alias="Auth_UserRole",
    ),
    schema(
        "UserSecurityRoleProject",
        "id user_security_role_id^UserSecurityRole|user_role_id project_id^Project|showid",
        alias="UserRoleProject",
    ),
    schema("ApiKey", "id identifier resource_id^Resource", alias="AccessKey"),
    schema(
        "ReviewSession",
        "id name is_open:boolean thumbnail_id^Component|thumbid thumbnail_url:object "
        "project_id^Project review_session_objects*ReviewSessionObject|reviewSessionObjects start_date:date-time|start",
        computed="thumbnail_id thumbnail_url is_open",
    ),
    schema(
        "ReviewSessionObject", "id review_session_id^ReviewSession version_id^AssetVersion asset_version>AssetVersion"
    ),
    schema("ReviewSessionInvitee", "id email review_session_id^ReviewSession last_sent_at:date-time"),
    schema("Job", "id|jobid status data:json user_id^User|userid user>User"),
    schema(
        "JobComponent",
        "component_id^Component component>Component job_id^Job url:object",
        key="component_id job_id",
        computed="url",
    ),
    schema(
        "Event",
        "id:integer|socialid action parent_id data feeds*Feed project_id^Project|showid",
        alias="SocialEvent",
        system="showid",
    ),
    schema("Feed", "id social_id^Event event>Event owner_id distance", alias="SocialFeed"),
    schema(
        "DashboardResource",
        "dashboard_id^Dashboard resource_id^Resource",
        key="dashboard_id resource_id",
        alias="LinkDashboardResource",
    ),
    schema("Dashboard", "id name total:number", system="typeid", computed="total"),
    schema("Setting", "name group value", key="name group", defaults="name group gone"),
]
for _declared in DOCUMENT:
    if _declared["id"] == "DashboardResource":  # the ids themselves carry the reference, in the real document too
        _declared["properties"]["dashboard_id"]["$ref"] = "Dashboard"
        _declared["properties"]["resource_id"]["$ref"] = "Resource"


def small_catalogue() -> Catalogue:
    return load_catalogue(DOCUMENT)


def real_catalogue() -> Catalogue:
    """The catalogue of the real document, which is not part of the repository."""
    return load_catalogue(real_schema_document())
