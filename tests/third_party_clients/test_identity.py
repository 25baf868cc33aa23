"""azure-identity signs in to the sandbox over TLS, and Microsoft's Graph SDK uses its token."""

import asyncio
import base64
import json
import ssl

import pytest

SECRET = "a-secret"  # the sandbox accepts any value


def claims(token):
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


@pytest.fixture
def authority(served, monkeypatch):
    """Return the authority URL; each library has its own environment variable for trusted certificates."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(served.authority))
    monkeypatch.setenv("SSL_CERT_FILE", str(served.authority))
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    return served.root


def test_client_secret_credential_gets_a_token(authority):
    from azure.identity import ClientSecretCredential

    with ClientSecretCredential(
        "contoso.com", "me", SECRET, authority=authority, disable_instance_discovery=True
    ) as credential:
        token = credential.get_token(f"{authority}/.default").token
    assert claims(token)["appid"] == "me"


def test_graph_sdk_reads_and_writes_with_typed_models(authority):
    results = asyncio.run(use_sdk(authority))
    assert results["users"] == [100, 100, 62]
    assert results["ada"] == "Ada Lovelace"
    assert results["state"] == "Active"
    assert results["rows"] == 22
    assert results["refused"] == (404, "Request_ResourceNotFound")


async def use_sdk(root):
    from azure.identity import ClientSecretCredential
    from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider

    scopes, hosts = [f"{root}/.default"], [root.removeprefix("https://")]
    with ClientSecretCredential("contoso.com", "sdk", SECRET, authority=root, disable_instance_discovery=True) as one:
        provider = AzureIdentityAuthenticationProvider(one, scopes=scopes, allowed_hosts=hosts)
        return await read_and_write(provider, root)


async def read_and_write(provider, root):
    import httpx
    from msgraph import GraphRequestAdapter, GraphServiceClient
    from msgraph.generated.models.o_data_errors.o_data_error import ODataError
    from msgraph_core import GraphClientFactory

    trust = ssl.create_default_context(cafile=ssl.get_default_verify_paths().cafile)
    async with httpx.AsyncHTTPTransport(verify=trust) as transport:  # the SDK wraps it and does not close it
        client = GraphClientFactory.create_with_default_middleware(client=httpx.AsyncClient(transport=transport))
        adapter = GraphRequestAdapter(provider, client)
        adapter.base_url = f"{root}/v1.0"
        graph = GraphServiceClient(request_adapter=adapter)
        results = {"users": await page_sizes(graph)}
        ada = await graph.users.by_user_id("ada@contoso.com").get()
        results["ada"] = ada.display_name
        (principal,) = [one for one in (await graph.service_principals.get()).value if one.display_name == "Writer"]
        sync = graph.service_principals.by_service_principal_id(principal.id).synchronization
        (job,) = (await sync.jobs.get()).value
        await sync.jobs.by_synchronization_job_id(job.id).start.post()
        results["state"] = (await sync.jobs.by_synchronization_job_id(job.id).get()).schedule.state.value
        schema = await sync.jobs.by_synchronization_job_id(job.id).schema.get()
        mappings = {mapping.source_object_name: mapping for mapping in schema.synchronization_rules[0].object_mappings}
        results["rows"] = len(mappings["User"].attribute_mappings)
        try:
            await graph.users.by_user_id("nobody").get()
        except ODataError as error:
            results["refused"] = (error.response_status_code, error.error.code)
    return results


async def page_sizes(graph):
    page = await graph.users.get()
    counts = [len(page.value)]
    while page.odata_next_link:
        page = await graph.users.with_url(page.odata_next_link).get()
        counts.append(len(page.value))
    return counts
