#!/bin/sh
# Creates the namespace and the search attributes that Surefoot uses. Safe to run again.
# Connection by TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, as the CLI itself reads them.
set -eu

attempts=0
until temporal operator cluster health; do
  attempts=$((attempts + 1))
  if [ "$attempts" -ge 30 ]; then
    echo "Temporal at $TEMPORAL_ADDRESS is not healthy after $attempts attempts." >&2
    exit 1
  fi
  sleep 2
done

if ! temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention 90d
fi

# A new namespace reaches every part of the server within some seconds.
attempts=0
until existing=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE"); do
  attempts=$((attempts + 1))
  if [ "$attempts" -ge 30 ]; then
    echo "Namespace $TEMPORAL_NAMESPACE does not answer." >&2
    exit 1
  fi
  sleep 2
done

# The names of src/contract/names.ts.
for name in SurefootService SurefootDeployment SurefootPhase SurefootVerdict SurefootWaitingFor SurefootTarget SurefootPrevious SurefootRevision; do
  if ! echo "$existing" | grep -qw "$name"; then
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type Keyword
  fi
done
echo "Namespace $TEMPORAL_NAMESPACE is ready."
