/** The peer: the A2A SDK as its README mounts it, answering SendMessage with a message. Unsigned, unvalidated, nothing stored. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Role } from '@a2a-js/sdk';
import { AgentEvent, DefaultRequestHandler, InMemoryTaskStore } from '@a2a-js/sdk/server';
import { jsonRpcHandler, UserBuilder } from '@a2a-js/sdk/server/express';
import express from 'express';
import { announce } from './announce.ts';

const handler = new DefaultRequestHandler(
  {
    name: 'echo',
    description: 'Echoes a message.',
    version: '1.0.0',
    supportedInterfaces: [{ url: 'http://127.0.0.1/', protocolBinding: 'JSONRPC', protocolVersion: '1.0', tenant: '' }],
    provider: undefined,
    capabilities: { streaming: false, pushNotifications: false, extensions: [], extendedAgentCard: false },
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ['application/json'],
    defaultOutputModes: ['application/json'],
    skills: [],
    signatures: [],
  },
  new InMemoryTaskStore(),
  {
    async execute(context, bus) {
      const { userMessage, contextId } = context;
      bus.publish(AgentEvent.message({ ...userMessage, messageId: randomUUID(), role: Role.ROLE_AGENT, contextId }));
      bus.finished();
    },
    async cancelTask() {},
  },
);

const app = express();
app.use(jsonRpcHandler({ requestHandler: handler, userBuilder: UserBuilder.noAuthentication }));
announce(createServer(app));
