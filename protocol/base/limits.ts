/** Every number of the wire, with its unit in its name and its reason beside it. Published in the profile. */
export const LIMITS = {
  /** A renewal request is ~1.5 KB; a mandate adds ~2 KB. 64 KiB leaves room for long conversations and stops floods. */
  bodyBytesMax: 65_536,
  /** All faults are looked for in content of so many characters; of more only the first is told. */
  faultsSearchedChars: 8_192,
  /** Faults told at once. */
  faultsTold: 10,
  /** Node's own cap, set explicitly. Signature-Input with every covered component is below 1 KiB. */
  headerBytesMax: 16_384,
  headerFieldsMax: 100,
  targetBytesMax: 2_048,
  /** Deepest published schema is 6 levels. */
  jsonDepthMax: 32,
  /** Slow senders are cut off (slowloris); an honest client needs milliseconds. */
  headersTimeoutSeconds: 10,
  requestTimeoutSeconds: 30,
  connectionsMax: 10_000,
  /** RFC 9421 window: `expires - created`. */
  signatureWindowSecondsMax: 300,
  /** How far a peer's clock may be ahead of ours. */
  clockSkewSeconds: 30,
  signatureLabelsMax: 8,
  signatureNonceBytesMin: 16,
  signatureNonceCharsMax: 256,
  /** Signatures of one key in one window, all of which are remembered: ~100 MB at most, and thousands a second. */
  noncesPerKeyMax: 1_000_000,
  idempotencyKeyCharsMin: 20,
  idempotencyKeyCharsMax: 255,
  /** Published retention of idempotency keys: 30 days. */
  idempotencyRetentionSeconds: 30 * 86_400,
  /** How long an ended operation can be read: two years, the usual limit for complaints. */
  operationRetentionSeconds: 730 * 86_400,
  /** How long what was agreed on counts towards limits: ten years, the longest window a limit may be over. */
  limitMemorySeconds: 3_660 * 86_400,
  /** Free text from a peer, in one message. */
  messageCharsMax: 4_000,
  /** Messages without terms that are read in one talk: an honest one needs a few, and an operation stays small. */
  wordsMax: 20,
  mandateBytesMax: 8_192,
  /** Person → orchestrator → specialist → tool: longer chains have no owner anybody could name. */
  delegationsMax: 3,
  mandateLifetimeSecondsMax: 366 * 86_400,
  /** Age of a mandate that stands for the principal's own consent to one irreversible thing: time to confirm, not to forget. */
  freshConsentSecondsMax: 600,
  /** Age of a mandate's key binding (RFC 9901 §4.3): it is made for one request, as that request's signature is. */
  mandateProofAgeSecondsMax: 300,
  /** Token Status List, inflated: a million mandates at eight bits each. */
  statusListBytesMax: 1_048_576,
  /** Lists kept at a time: bounds their memory to 32 MiB. */
  statusListsMax: 32,
  /** How long a list may be believed when it names no `ttl`, and at most: a revoked mandate is dead after this. */
  statusListTtlSecondsDefault: 60,
  statusListTtlSecondsMax: 3_600,
  /** Outbound fetches of directories, profiles and status lists. */
  fetchBytesMax: 131_072,
  fetchTimeoutMs: 3_000,
  directoryKeysMax: 100,
  /** A token that its server vouched for is asked about again after this: so long one goes on that was revoked there. */
  introspectionSeconds: 30,
  /** What servers said of such tokens, ~2 KB each: thousands, and no client's are most of them. */
  introspectedBytesMax: 16_777_216,
  introspectedBytesOfClientMax: 4_194_304,
  /** A token that nobody can guess (2^-128, RFC 6749 §10.10) is no shorter, whatever characters it is of. */
  opaqueTokenCharsMin: 22,
  /** One that its server did not vouch for is not asked about again so soon; strangers' are remembered in a small room, and of one site in a corner of it. */
  introspectionDeniedSeconds: 10,
  introspectionDeniedBytesMax: 1_048_576,
  introspectionDeniedBytesOfSiteMax: 65_536,
  /** Tokens that nobody vouched for yet: so many are asked about at once, and twenty a second, which any authorisation server can bear; the
   * others wait for a turn for as long as a call may. Those that were good before have places of their own. */
  introspectionTurns: {
    atOnce: 16,
    atOnceOfKnown: 8,
    burst: 32,
    pauseMs: 50,
    waitingMax: 64,
    waitingOfAddressMax: 4,
    waitMsMax: 3_000,
  },
  directoryTtlSecondsMin: 60,
  directoryTtlSecondsMax: 86_400,
  /** Negative cache: one fetch of an unreachable directory, or refresh for an unknown key, per this time. */
  directoryRetrySeconds: 30,
  /** How long the keys last read from a directory outlive it when it is down. */
  directoryStaleSecondsMax: 3_600,
  /** What is remembered of directories and profiles whose keys have proven a request: ten thousand and more, and no host's are most of them. */
  directoryBytesMax: 33_554_432,
  directoryBytesOfHostMax: 8_388_608,
  /** And of those that nothing has proven yet: some hundred of the largest. */
  unprovenBytesMax: 4_194_304,
  unprovenBytesOfHostMax: 262_144,
  /** Registered keys that nothing came of yet: twenty thousand, and of one site (a /24 or /48) a thousand, which is any fleet that registers
   * before it asks. */
  unusedKeysBytesMax: 8_388_608,
  unusedKeysBytesOfSiteMax: 524_288,
  /** So long one is kept: an agent that was set up and asks for nothing for a month registers again. */
  unusedKeySeconds: 30 * 86_400,
  /** What a UCP profile says of versions and capabilities. */
  profileBytesMax: 16_384,
  keyLabelCharsMax: 256,
  /** Look-ups at a time for requests that have proven nothing: strangers choose the addresses. */
  lookupsMax: 48,
  /** Beside them, for hosts whose keys have proven a request. */
  lookupsOfKnownMax: 16,
  lookupsOfHostMax: 4,
  /** In a full lane, whoever has let us wait for longer goes first. An honest directory answers sooner. */
  lookupGraceMs: 500,
  /** Nobody is called more often on a stranger's word. */
  lookupsOfHostAMinuteMax: 60,
  lookupsOfKnownHostAMinuteMax: 600,
  /** Rounds after which agent-to-agent talks lose their role (protocols reference: echoing grows after 7 turns). */
  negotiationRoundsMax: 6,
  offerLifetimeSeconds: 15 * 60,
  negotiationLifetimeSeconds: 24 * 3_600,
  /** Percent: an amount a person types that is further than this from what was asked or from today's is asked about once more. A
   * negotiated change rarely is; a slipped digit or a forgotten point always. */
  personsFigureFarPercent: 25,
  /** Characters of a person's words to a customer's agent: a paragraph. */
  personsWordsChars: 500,
  /** What a ticket in the CRM has of the talk that a person is asked into: its end, as much as is read at a glance. The page has all of it. */
  caseMessages: 5,
  caseMessageChars: 400,
  /** What a notice has of a plan: chat and mail show a few lines, and receivers take some tens of kB. The page has all of it. */
  noticeChangesBytes: 16_384,
  noticeValueChars: 2_000,
  noticeTextChars: 200,
  /** Packages one schedule prices: four issues at five values each do not fit, three at eight do. What a program reads in a millisecond. */
  schedulePackagesMax: 512,
  /** A schedule as JSON: 512 prices of eight digits and their issues' values are below 6 KB. */
  scheduleBytesMax: 8_192,
  /** Four hours of business time by default; expiry is a rejection, never an approval. */
  signoffLifetimeSeconds: 4 * 3_600,
  /** Longest `Prefer: wait` (RFC 7240 §4.3). */
  waitSecondsMax: 25,
  /** A checkpoint is published at most this long after an entry was acknowledged. */
  checkpointIntervalMs: 1_000,
  /** A note with 16 post-quantum cosignatures of 5 kB each (C2SP signed-note) still fits. */
  noteBytesMax: 131_072,
  noteSignaturesMax: 32,
  /** A receipt carries an agreement, its history and one proof: ~10 KB. Verifiers read nothing larger than this. */
  receiptBytesMax: 1_048_576,
  /** C2SP tlog-tiles: entry bundles prefix each entry with a uint16 length. */
  logEntryBytesMax: 65_535,
  /** Entries one checkpoint takes in: bounds the time the sequencer holds the database. */
  logBatchMax: 1_024,
} as const;
