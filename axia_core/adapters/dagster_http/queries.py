"""The GraphQL that `client` sends: text only. A test holds it against the schema of the installed Dagster."""

from __future__ import annotations

_RUN_FIELDS = """fragment RunFields on Run {
  runId jobName status startTime endTime
  stats { ... on RunStatsSnapshot { stepsSucceeded stepsFailed materializations } }
}
"""

REPOSITORIES = """query Repositories {
  repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } jobs { name } } } }
}"""

LAUNCH = """mutation Launch($parameters: ExecutionParams!) {
  launchRun(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on Error { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}"""

RUN = (
    """query Run($runId: ID!) {
  runOrError(runId: $runId) { __typename ... on Run { ...RunFields } }
}
"""
    + _RUN_FIELDS
)

LATEST_RUN = (
    """query LatestRun($job: String!) {
  runsOrError(filter: {pipelineName: $job}, limit: 1) { ... on Runs { results { ...RunFields } } }
}
"""
    + _RUN_FIELDS
)

FAILURES = """query Failures($runId: ID!) {
  runOrError(runId: $runId) {
    ... on Run {
      eventConnection {
        events {
          __typename
          ... on ExecutionStepFailureEvent { stepKey error { message } failureMetadata { description } }
        }
      }
    }
  }
}"""

MATERIALIZATIONS = """query Materializations($key: AssetKeyInput!, $limit: Int, $partitions: [String!]) {
  assetOrError(assetKey: $key) {
    ... on Asset {
      assetMaterializations(limit: $limit, partitions: $partitions) {
        runId partition timestamp
        metadataEntries {
          label
          ... on TextMetadataEntry { text }
          ... on IntMetadataEntry { intRepr }
          ... on FloatMetadataEntry { floatValue }
          ... on BoolMetadataEntry { boolValue }
          ... on UrlMetadataEntry { url }
          ... on PathMetadataEntry { path }
          ... on JsonMetadataEntry { jsonString }
        }
      }
    }
  }
}"""
