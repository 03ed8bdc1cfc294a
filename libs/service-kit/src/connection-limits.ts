/**
 * Bounds what clients can hold: how long a request may take to come, and how many connections may stand open of which
 * no whole request has come. Where there are too many, the one that has stood longest gives way, so that there is room
 * for everybody who asks for something, health checks among them.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** @param most - how many connections may be open of which no request has come whole */
export function limitConnections(server: Server, most: number): void {
  // The order of a set is that in which its members came.
  const idle = new Set<Socket>();
  server.on('connection', (socket) => {
    idle.add(socket);
    socket.once('close', () => idle.delete(socket));
    if (idle.size > most) for (const oldest of idle) return void oldest.destroy();
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket, headers } = request;
    let isAnswered = false;
    const begin = (): void => {
      if (!isAnswered) idle.delete(socket);
    };
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (hasBody) request.once('end', begin);
    else begin();
    response.once('close', () => {
      isAnswered = true;
      idle.delete(socket);
      if (!socket.destroyed) idle.add(socket);
    });
  });
}
