// Deliveries as GitHub makes them, signed by GitHub's own library.
import { sign } from '@octokit/webhooks-methods';
import type { Sluice } from './sluice.ts';

/** Delivers a push to the source; its id at GitHub is `delivery`. */
export async function push(
  sluice: Sluice,
  source: string,
  secret: string,
  { delivery = 'd-1', body = '{"ref":"refs/heads/main"}', headers = {} } = {},
): Promise<number> {
  const answer = await fetch(`${sluice.url}/api/webhooks/${source}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': delivery,
      'x-hub-signature-256': await sign(secret, body),
      ...headers,
    },
    body,
  });
  return answer.status;
}
