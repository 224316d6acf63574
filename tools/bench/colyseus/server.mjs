// A Colyseus server with the load of Slipstream's scenarios: rooms of SEATS cars,
// a physics step 60 times a second, a patch of each car's place and motion 30
// times. One process, as it comes: no broker, and nothing outlives it.
//
// usage: node server.mjs SEATS
// Prints its port and its versions in a line once it listens.

import { createRequire } from "node:module";
import http from "node:http";
import { Room, Server } from "@colyseus/core";
import { schema, t } from "@colyseus/schema";
import { WebSocketTransport } from "@colyseus/ws-transport";

const SEATS = Number(process.argv[2]);
const TICK_RATE_HZ = 60;
const PATCH_RATE_HZ = 30;

const MASS_KG = 1_200;
const YAW_INERTIA_KG_M2 = 1_800;
const FRONT_M = 1.2;
const REAR_M = 1.4;
const LOCK_RAD = 0.5;

const Car = schema({
  x: t.float32(),
  y: t.float32(),
  heading: t.float32(),
  speedForward: t.float32(),
  speedLateral: t.float32(),
  yawRate: t.float32(),
});
const State = schema({ tick: t.uint32(), cars: t.map(Car) });

class Race extends Room {
  maxClients = SEATS;
  patchRate = 1_000 / PATCH_RATE_HZ;

  onCreate() {
    this.state = new State();
    this.drivers = new Map();
    this.onMessage("i", (client, input) => {
      const driver = this.drivers.get(client.sessionId);
      if (driver) Object.assign(driver, { throttle: input.t, steer: input.s });
    });
    this.setSimulationInterval(() => this.step(1 / TICK_RATE_HZ), 1_000 / TICK_RATE_HZ);
  }

  onJoin(client) {
    const car = new Car();
    Object.assign(car, {
      x: this.drivers.size * 3,
      y: 0,
      heading: 0,
      speedForward: 0,
      speedLateral: 0,
      yawRate: 0,
    });
    this.state.cars.set(client.sessionId, car);
    this.drivers.set(client.sessionId, { car, throttle: 1, steer: 0 });
  }

  onLeave(client) {
    this.state.cars.delete(client.sessionId);
    this.drivers.delete(client.sessionId);
  }

  // A single-track model with tyres that give way.
  step(seconds) {
    this.state.tick++;
    for (const { car, throttle, steer } of this.drivers.values()) {
      const { speedForward: u, speedLateral: w, yawRate: r, heading } = car;
      const along = Math.abs(u) + 0.1;
      const force = (slip) => -9_000 * Math.sin(1.4 * Math.atan(8 * slip));
      const front = force(Math.atan2(w + FRONT_M * r, along) - steer * LOCK_RAD);
      const rear = force(Math.atan2(w - REAR_M * r, along));
      const drive = throttle * 7_000 - 0.8 * u * u;
      car.speedForward = u + seconds * (drive / MASS_KG + w * r);
      car.speedLateral = w + seconds * ((front + rear) / MASS_KG - u * r);
      car.yawRate = r + (seconds * (FRONT_M * front - REAR_M * rear)) / YAW_INERTIA_KG_M2;
      car.heading = heading + seconds * car.yawRate;
      car.x += seconds * (u * Math.cos(heading) - w * Math.sin(heading));
      car.y += seconds * (u * Math.sin(heading) + w * Math.cos(heading));
    }
  }
}

const listener = http.createServer();
const transport = new WebSocketTransport({ server: listener, pingInterval: 0 });
const server = new Server({ greet: false, transport });
server.define("race", Race);
await server.listen(0, "127.0.0.1");
const { version } = createRequire(import.meta.url)("@colyseus/core/package.json");
console.log(`${listener.address().port} Colyseus ${version}, Node.js ${process.version}`);
