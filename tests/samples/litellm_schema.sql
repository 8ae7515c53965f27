-- The tables of a LiteLLM database that are read, as its migrations of 2026-09 leave them: the columns that are asked
-- for, and beside them the ones that never are (content, addresses, the visible part of a key).
create table "LiteLLM_SpendLogs" (
    request_id text primary key,
    call_type text not null,
    api_key text not null default '',
    spend double precision not null default 0,
    total_tokens integer not null default 0,
    prompt_tokens integer not null default 0,
    completion_tokens integer not null default 0,
    "startTime" timestamp(3) not null,
    "endTime" timestamp(3) not null,
    request_duration_ms integer,
    "completionStartTime" timestamp(3),
    model text not null default '',
    model_id text default '',
    model_group text default '',
    custom_llm_provider text default '',
    api_base text default '',
    "user" text default '',
    metadata jsonb default '{}',
    cache_hit text default '',
    cache_key text default '',
    request_tags jsonb default '[]',
    team_id text,
    organization_id text,
    end_user text,
    requester_ip_address text,
    messages jsonb default '{}',
    response jsonb default '{}',
    session_id text,
    status text,
    proxy_server_request jsonb default '{}',
    litellm_call_id text,
    created_at timestamp(3) not null default current_timestamp,
    updated_at timestamp(3) not null default current_timestamp
);

create index on "LiteLLM_SpendLogs" ("startTime");

create table "LiteLLM_TeamTable" (
    team_id text primary key,
    team_alias text,
    organization_id text,
    members text[],
    members_with_roles jsonb not null default '{}',
    metadata jsonb not null default '{}',
    max_budget double precision,
    spend double precision not null default 0,
    budget_duration text,
    created_at timestamp(3) not null default current_timestamp,
    updated_at timestamp(3) not null default current_timestamp
);

create table "LiteLLM_OrganizationTable" (
    organization_id text primary key,
    organization_alias text not null,
    metadata jsonb not null default '{}',
    created_at timestamp(3) not null default current_timestamp,
    created_by text not null,
    updated_at timestamp(3) not null default current_timestamp,
    updated_by text not null
);

create table "LiteLLM_ProjectTable" (
    project_id text primary key,
    project_alias text,
    description text,
    team_id text,
    metadata jsonb not null default '{}',
    created_at timestamp(3) not null default current_timestamp,
    created_by text not null,
    updated_at timestamp(3) not null default current_timestamp,
    updated_by text not null
);

create table "LiteLLM_VerificationToken" (
    token text primary key,
    key_name text,
    key_alias text,
    spend double precision not null default 0,
    user_id text,
    team_id text,
    project_id text,
    organization_id text,
    metadata jsonb not null default '{}',
    max_budget double precision,
    budget_duration text,
    created_at timestamp(3) default current_timestamp,
    created_by text,
    updated_at timestamp(3) default current_timestamp,
    updated_by text
);

create table "LiteLLM_DeletedVerificationToken" (
    id text primary key,
    token text not null,
    key_name text,
    key_alias text,
    user_id text,
    team_id text,
    project_id text,
    organization_id text,
    metadata jsonb not null default '{}',
    max_budget double precision,
    budget_duration text,
    created_at timestamp(3),
    created_by text,
    updated_at timestamp(3),
    updated_by text,
    deleted_at timestamp(3) not null default current_timestamp,
    deleted_by text
);

create table "LiteLLM_TagTable" (
    tag_name text primary key,
    description text,
    models text[],
    model_info jsonb,
    spend double precision not null default 0,
    budget_id text,
    created_at timestamp(3) not null default current_timestamp,
    created_by text,
    updated_at timestamp(3) not null default current_timestamp
);
