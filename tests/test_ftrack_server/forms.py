"""The expressions of public programs, rewritten with names of our own (ftrack-protocol 4.11)."""

from __future__ import annotations

import re

_IDS = {letter: f"{n}0000000-0000-4000-8000-000000000000" for n, letter in enumerate("UVW")}

_WRITTEN = (
    "Project",
    "select id, full_name from Project",
    "Project where status is active",
    "select id, name from Project where status=active",
    'Project where status is active and name like "%lake"',
    'Project where status is active and (name like "%lake" or full_name like "%lake")',
    'select id, name, full_name from Project where full_name is "Lake Film"',
    "select id from Project where full_name is 'Lake Film'",
    "Project where metadata.key is mood and metadata.value is blue",
    "Project where metadata any (key=mood and value=blue)",
    'Sequence where metadata any (key is "digits" and value is "4")',
    "Task where id=U",
    'Task where id = "U"',
    'Task where timelogs.start >= "2031-05-04T00:00:00+00:00"',
    'AssetVersion where date >= "2031-05-04T00:00:00+02:00"',
    "User where not timelogs any ()",
    "select content, author, thread_activity from Note where parent_id in (U,V) and not in_reply_to has () "
    "order by thread_activity desc offset 10 limit 10",
    'Note where author has (first_name is "Kim" and last_name is "Vale")',
    'Note where author.first_name is "Kim" and author.last_name is "Vale"',
    'Note where parent_id is "U" or parent_id in (select id from ReviewSessionObject where version_id is "U")',
    "Task where assignments.resource_id in (select id from User)",
    "User where username is ray",
    'User where username="ray"',
    "User where username is_not ray",
    "User where username in ('ray','ana')",
    "User where email like 'k@vale.test'",
    "User where is_active = True and (id = 'U' or id = 'V')",
    'select first_name, last_name from User where assignments any (context_id = "U")',
    'select username from User where custom_attribute_links_from any (configuration.key is "lead" and context.bid > 1)',
    "select id, username from User where custom_attributes.key is 'hub_user' and custom_attributes.value is ray",
    "User offset 2 limit 8",
    "User where username is ray offset 2",
    "User where username is ray limit 0",
    "User limit 50",
    'select link from Task where assignments any (resource.username = "ray")',
    'select project, priority, assignments.resource.username, link, status.name from Task where assignments any '
    '(resource.username = "ray") and status.name not_in ("Omitted", "On Hold") and project.status is "active" '
    "order by priority.sort limit 10",
    "select type.name, status, assignments.resource_id, _link from Task where assignments.resource_id=U and "
    "project.status is active and status.state.short != DONE order by name, id offset 0 limit 25",
    "select link, version from AssetVersion where asset.context_id is U or task_id is U "
    "order by date descoffset 0 limit 25",
    'select id, link, status.color, thumbnail_id from AssetVersion where asset.context_id is "U"',
    'TypedContext where ancestors any (id=U) or id is "U"',
    "select name, object_type.name, project.children, children, parent_id from TypedContext where ancestors any (id=U)",
    'select name, bid,assignments.resource_id from TypedContext where id in ("U","V")',
    'select id, link from TypedContext where project_id is "U" and name in ("p","q")',
    'select id, parent_id, status_id from TypedContext where parent_id in ("U") and object_type_id is "V"',
    'TypedContext where name is "leaf" and parent[TypedContext] has (name is "twig" and parent[TypedContext] has '
    '(name is "bough" and project.name is "tree"))',
    "select id, name, assets.name, parent.name, project.name from AssetBuild where project has (name in ('p','q')) and "
    "parent[Folder] has (name is 'f1' or name like 'f2%')",
    'select name from Project where allocations.resource[Group].memberships any (user.username is "ray")',
    'select name, parent, project from Task where name is "x" and project.name is "p" and parent.name is "z"',
    'select status_id, status.name from Shot where children any (id is "U")',
    'select children, children.children, children.children.children.assignments.resource from Project where id is "U"',
    "select versions.components.name from Asset where id is U",
    'select version.asset.versions from Component where id is "U"',
    'select versions.custom_attributes from Asset where id is "U"',
    'select metadata.key, metadata.value from Task where id is "U"',
    "select id, name, custom_attributes.key, custom_attributes.value, type.name, link from Task where id is U",
    "select custom_attributes from Shot where custom_attributes.configuration.key is fstart",
    'Task where custom_attributes any (key is "pipeline" and value is "usd")',
    'select name from Task where custom_attribute_links any (configuration.key is "lead" and user.username is "ray")',
    'select user from CustomAttributeLink where configuration.key = "lead" and from_id = "U"',
    "select from_id, to_id from CustomAttributeLink where to_id is 'U' and from_id in (V,W)",
    'select value, entity_id from ContextCustomAttributeValue where entity_id in ("U","V") '
    'and configuration_id in ("W")',
    'select value, entity_id from CustomAttributeValue where entity_id in ("U") and configuration_id is "W"',
    "CustomAttributeValue where configuration.key is fps",
    "select id, key from CustomAttributeConfiguration where is_hierarchical is true",
    "select id, key, default, is_hierarchical from CustomAttributeConfiguration where entity_type is AssetVersion "
    "or is_hierarchical is True",
    "select default, label, key, object_type.name, type.name from CustomAttributeConfiguration order by sort",
    'select value from Metadata where key is "last" and parent_type is "User" and parent_id is "U"',
    "Component where (version.asset.parent.ancestors.id in (U, V) or version.asset.parent.id in (U, V))",
    'Component where version.asset.parent.project_id is "U" and component_locations.location_id is "V"',
    'AssetVersion where components.component_locations.location.name is "studio.ams"',
    'Component where name is "main" and version.asset.type.name is "geo" and version.task.name is "t" and '
    'version.asset.parent.id is "U"  and version.status.name is "Done"',
    "select name, version.version from Component where version.asset.id is U and name is main",
    "select id from Component where version_id is U and name is main",
    "FileComponent where version.asset_id != None",
    'select id, component_locations.url.value from Component where id is "U" limit 1',
    "\n        select\n            asset.name,\n            components.component_locations.url\n"
    "        from AssetVersion\n"
    "        where asset.parent.id is U\n        order by date desc\n    ",
    "select asset.name, id, link from AssetVersion\n    \n    order by asset.name, version desc\n\nlimit 50",
    'select name from Task\nwhere name is "x" and description is "y"\norder by status.sort asc, name asc',
    "select component_id, resource_identifier from ComponentLocation where location_id is U and component_id in (V, W)",
    "ComponentLocation where component_id is U and location_id is V",
    "AssetVersion where asset_id is U and is_latest_version is True",
    "AssetVersion where task_id != none and id in (U,V)",
    "select asset.parent from AssetVersion where asset is_not None limit 10",
    'AssetVersion where asset.id is "U" and task.id is "V" and version is "3"',
    "select id from AssetVersion where asset_id is 'U' and version is 3",
    'select id, asset.name, version from AssetVersion where (version like "%")',
    "Asset where name is main and type.short is geo and parent.id is U",
    'select id from Asset where\ncontext_id is "U" and\ntype_id is "V" and\nname is "n"\nlimit 1',
    'select from_id, to_id from TypedContextLink where to_id in ("U","V")',
    'select id, entity_id, list_id from ListObject where list_id in ("U")',
    "select id, category_id, name, system_type from List where project_id is 'U'",
    'List where name is "Dailies" and project_id is "U"',
    'select resource_id, context_id from Appointment where context_id in ("U") and type is assignment',
    'select status from Job where status is running and created_at < "2031-05-04 10:00:00"',
    'Job where (data any (key is name and value like "%x%"))',
    'Milestone where ancestors any (id is "U")',
    'CalendarEvent where project has (id is "U")',
    'Task where status_changes any (date >= "2031-05-01" and date <= "2031-05-07")',
    'Note where date like "2031-05-04%"',
    "Task where end_date>= 2031-05-04",
    'Timer where user_id = "U"',
    'Timelog where context_id = "U"',
    'select context.link, start, duration from Timelog where user.username is "ray"',
    "select _overrides.type_id, _overrides.workflow_schema.statuses.name from ProjectSchema where id is U",
    "select task_status from SchemaStatus where schema_id is U",
    'Setting where name is "storage_scenario" and group is "STORAGE"',
    "select link, name , parent, parent.name from Context where id is U",
    "Task where scopes.name is Leiden",
    "Task where not (name is 0 or bid is 1) and sort is 2",
    "Task where (not ((name is 1 or bid is 2) and not (sort is 3 or description is 4)) or status.name is 5)",
    'Task where not status.name is "c"',
    'Task where not status.name in ("c", "d")',
    "Task where status.name is_not none",
    'Task where status.name not_like "% value"',
    "Task where bid > 0",
    r'Task where description like "%\"x\"%"',
    r'Task where description like "a\%b%"',
    "select count(id) from Task group by project_id, status_id",
    "select id, action, parent_id, parent_type, created_at, data from Event where (feeds.owner_id in (U,V) and "
    'action is "asset.published") or parent_id in (U) and action like "change.status.%" or (parent_id in (U) and '
    'action in ("update.custom_attribute.fend", "update.custom_attribute.fstart"))',
    'Event where feeds.owner_id in (U) and action is "db.append.task:user" and feeds.distance is "0" '
    'and feeds.relation is "assigned"',
    'select action,insert,created_at,user.username,data from Event where created_at > "2031-05-04" and '
    'insert is "delete" order by created_at asc',
    'select value from ContextCustomAttributeValue where (configuration_id is "U"and entity_id is "V") or '
    '(configuration_id is "U"and entity_id is "W") offset 0 limit 500',
    "select custom_attributes from Task where id in (U,V,W) offset 0 limit 500",
    'select context_type, id, name from Task where (id is "U") offset 0 limit 500',
    "select name from Task where parent.id is U  order by name offset 0 limit 10",
    'select context_type, id, name from Task where name is "pack " offset 0 limit 5',
    "select name from Task limit 5 offset 2",
    "select name from Task limit 5 offset 2 order by name",
    "select from, to from TypedContextLink",
    "select from, to from AssetVersionLink where from.version is 1",
)  # fmt: skip
# Public programs send these, but the schema of this site has no such attribute.
_OF_OTHER_SITES = (
    'Task where project.id is "U" and status.type.name is "Done"',
    'Note where created_at like "2031-05-04%"',
)


def _with_ids(expression: str) -> str:
    """A capital letter that stands alone is an id."""
    return re.sub(r"\b[UVW]\b", lambda letter: _IDS[letter[0]], expression)


FORMS = tuple(_with_ids(expression) for expression in _WRITTEN)
FOREIGN = tuple(_with_ids(expression) for expression in _OF_OTHER_SITES)
