import { serveOrders } from "../worker.js";
import { runLoad } from "./run.js";

/** The process that makes the load, away from the servers and from the bench itself. */
serveOrders(runLoad);
