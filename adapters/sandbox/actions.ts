/** Recipes for what only the sandbox CRM has records for; the others are shared (adapters/sdk/actions). */
import type { JsonObject } from '../../protocol/json.ts';

export const SANDBOX_RECIPES: readonly JsonObject[] = [];
